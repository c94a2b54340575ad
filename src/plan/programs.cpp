#include "plan/programs.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/is_below.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr int kDeepestInterpreter = 4;  // a script's interpreter may be a script

bool is_one_of(std::string_view word, const std::set<std::string, std::less<>>& words) {
  return words.contains(word);
}

const std::set<std::string, std::less<>> kKeywords = {"if",    "then", "else", "elif", "while",
                                                      "until", "do",   "!",    "{",    "time"};
// After these no command follows on the same line that we would want: `for x in …`, `case x in …`.
const std::set<std::string, std::less<>> kHeads = {"for", "case", "select", "function",
                                                   "fi",  "done", "esac",   "}"};
const std::set<std::string, std::less<>> kBuiltins = {
    ".",       ":",       "[",      "[[",     "alias",   "bg",    "break", "cd",      "continue",
    "declare", "echo",    "eval",   "exit",   "export",  "false", "fg",    "getopts", "hash",
    "jobs",    "let",     "local",  "printf", "popd",    "pushd", "pwd",   "read",    "readonly",
    "return",  "set",     "shift",  "shopt",  "source",  "test",  "times", "trap",    "true",
    "type",    "typeset", "ulimit", "umask",  "unalias", "unset", "wait"};
// These start the program that follows them.
const std::set<std::string, std::less<>> kPrefixes = {"command", "exec", "env", "nice", "nohup", "xargs"};

bool is_plain_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._/+-@").find(c) != std::string_view::npos;
  });
}

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  return std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+';
  });
}

// Splits into words; an operator that begins a new command is a word of its own ("\n"). Quotes keep words
// together.
std::vector<std::string> shell_words(std::string_view script) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  const auto flush = [&] {
    if (in_word) words.push_back(word);
    word.clear();
    in_word = false;
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    const char c = script[i];
    if (c == '\'' || c == '"') {
      in_word = true;
      const char quote = c;
      for (++i; i < script.size() && script[i] != quote; ++i) {
        if (quote == '"' && script[i] == '\\') ++i;
        if (i < script.size()) word += script[i];
      }
    } else if (c == '\\' && i + 1 < script.size()) {
      if (script[++i] != '\n') {
        in_word = true;
        word += script[i];
      }
    } else if (c == '#' && !in_word) {
      while (i + 1 < script.size() && script[i + 1] != '\n') ++i;
    } else if (c == ' ' || c == '\t') {
      flush();
    } else if (c == '>' || c == '<') {
      flush();
      words.push_back(">");  // the next word is a file
      while (i + 1 < script.size() && std::string_view("<>&|").find(script[i + 1]) != std::string_view::npos)
        ++i;
    } else if (std::string_view("\n;&|()`").find(c) != std::string_view::npos) {
      flush();
      words.push_back("\n");
    } else {
      in_word = true;
      word += c;
    }
  }
  flush();
  return words;
}

std::string first_line(const std::string& path) {
  const std::string text = read_file(path).value_or(std::string());
  std::string line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
  return line;
}

}  // namespace

std::vector<std::string> programs_of_script(std::string_view script) {
  std::set<std::string> names;
  bool at_command = true, skip_next = false;
  for (const std::string& word : shell_words(script)) {
    if (word == "\n") {
      at_command = true;
      skip_next = false;
    } else if (word == ">") {
      skip_next = true;
    } else if (skip_next) {
      skip_next = false;
    } else if (at_command) {
      if (is_one_of(word, kKeywords) || is_assignment(word)) continue;
      if (is_one_of(word, kPrefixes)) {
        if (word != "exec" && word != "command") names.insert(word);
        continue;
      }
      if (word.starts_with('-')) continue;  // an option of a prefix
      at_command = false;
      if (is_plain_word(word) && !is_one_of(word, kHeads) && !is_one_of(word, kBuiltins)) names.insert(word);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> search_folders(std::string_view path) {
  std::vector<std::string> folders;
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    if (path.starts_with('/')) folders.emplace_back(path.substr(0, colon));
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  return folders;
}

std::string find_program(std::string_view name, const std::vector<std::string>& folders,
                         const std::string& working_folder) {
  if (name.find('/') != std::string_view::npos) {
    std::string path = join_path(working_folder, name);
    return is_executable_file(path) ? path : std::string();
  }
  for (const std::string& folder : folders) {
    std::string path = join_path(folder, name);
    if (is_executable_file(path)) return path;
  }
  return {};
}

std::string find_in_path(const Variables& environment, const std::vector<std::string>& names) {
  const auto path = environment.find("PATH");
  const std::vector<std::string> folders =
      path == environment.end() ? std::vector<std::string>() : search_folders(path->second);
  for (const std::string& name : names) {
    if (std::string found = find_program(name, folders, current_folder()); !found.empty()) return found;
  }
  return {};
}

std::shared_ptr<const ProgramIdentities::Known> ProgramIdentities::find(
    const ProgramQuestion& question) const {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(question);
  return found == known_.end() ? nullptr : found->second;
}

void ProgramIdentities::keep(const ProgramQuestion& question, Known known) {
  auto shared = std::make_shared<const Known>(std::move(known));
  const std::scoped_lock lock(mutex_);
  known_[question] = std::move(shared);
}

Programs::Programs(Tree& tree, std::string home, ProgramIdentities& identities)
    : tree_(tree), home_(std::move(home)), identities_(identities) {}

std::string Programs::identity(std::string_view name, const std::vector<std::string>& folders,
                               const std::string& working_folder, const std::vector<const GlobList*>& made) {
  const auto is_made = [&](std::string_view path) {
    if (!is_below(path, tree_.root())) return false;
    path.remove_prefix(tree_.root().size() + 1);
    return std::any_of(made.begin(), made.end(), [&](const GlobList* list) { return list->matches(path); });
  };
  if (name.find('/') != std::string_view::npos && is_made(join_path(working_folder, name))) return {};
  const auto hidden = [&](const std::string& folder) { return is_made(join_path(folder, name)); };
  if (!made.empty() && std::any_of(folders.begin(), folders.end(), hidden)) {
    std::vector<std::string> elsewhere;
    std::remove_copy_if(folders.begin(), folders.end(), std::back_inserter(elsewhere), hidden);
    const std::string path = find(name, elsewhere, working_folder);
    return path.empty() ? std::string() : identity_of_file(path, elsewhere, working_folder, 0);
  }
  const ProgramQuestion question{&folders, std::string(name), working_folder};
  const auto [answer, added] = answers_.try_emplace(question);
  if (added && !recall(question, answer->second)) {
    looked_.clear();
    const std::int64_t looked_ns = now_ns();
    const std::string path = find(name, folders, working_folder);
    if (!path.empty()) answer->second = identity_of_file(path, folders, working_folder, 0);
    identities_.keep(question, {answer->second, looked_, looked_ns});
  }
  return answer->second;
}

// From an earlier look, if everything is as it was then. It is looked at through the tree, as in a search.
bool Programs::recall(const ProgramQuestion& question, std::string& identity) {
  const auto known = identities_.find(question);
  if (known == nullptr) return false;
  for (const Observation& seen : known->looked) {
    if (seen.follow) {
      if (followed(seen.path) != seen.stat || is_young(seen.stat, known->looked_ns)) return false;
    } else {
      TreeFile* file = tree_.file(seen.path);
      file->common = true;
      if (file->stat != seen.stat || is_young(seen.stat, known->looked_ns)) return false;
    }
  }
  identity = known->identity;
  return true;
}

FileStat Programs::followed(const std::string& path) {
  const FileStat stat = tree_.followed(path);
  looked_.push_back({path, true, false, stat, std::nullopt});
  return stat;
}

std::string Programs::version_file_upward(std::string folder, std::string_view name) {
  while (!folder.empty()) {
    std::string path = join_path(folder, name);
    if (followed(path).kind == FileKind::kRegular) return path;
    folder = parent_folder(folder);
  }
  return {};
}

// As find_program, every place that was looked at noted by the tree.
std::string Programs::find(std::string_view name, const std::vector<std::string>& folders,
                           const std::string& working_folder) {
  std::vector<std::string> places;
  if (name.find('/') != std::string_view::npos) {
    places.push_back(join_path(working_folder, name));
  } else {
    for (const std::string& folder : folders) places.push_back(join_path(folder, name));
  }
  for (std::string& place : places) {
    if (followed(place).kind == FileKind::kRegular && is_executable_file(place)) return std::move(place);
  }
  return {};
}

std::string Programs::file_fact(const std::string& path) {
  followed(path);
  const auto real = real_path(path);
  if (!real) return {};
  TreeFile* file = tree_.file(*real);
  file->common = true;
  TreeFile* const files[] = {file};
  tree_.read(files);
  looked_.push_back(observe(*file));
  return file->stat.kind == FileKind::kRegular && file->problem.empty() ? file->digest.hex() : std::string();
}

std::string Programs::identity_of_file(const std::string& path, const std::vector<std::string>& folders,
                                       const std::string& working_folder, int depth) {
  std::string fact = file_fact(path);
  const auto real = real_path(path);
  if (real && depth < kDeepestInterpreter) {
    const std::string head = read_head(*real, 256).value_or(std::string());
    if (head.starts_with("#!")) {
      std::vector<std::string> words;
      for (const std::string& word : shell_words(std::string_view(head).substr(2, head.find('\n') - 2))) {
        if (word == "\n") break;
        words.push_back(word);
      }
      // `#!/usr/bin/env -S name`: the interpreter is looked up like a command.
      std::string interpreter = words.empty() ? std::string() : words[0];
      if (file_name(interpreter) == "env") {
        interpreter.clear();
        for (std::size_t i = 1; i < words.size() && interpreter.empty(); ++i) {
          if (!words[i].starts_with('-') && !is_assignment(words[i])) interpreter = words[i];
        }
      }
      const std::string found = interpreter.empty() ? "" : find(interpreter, folders, working_folder);
      if (!found.empty()) fact += " " + identity_of_file(found, folders, working_folder, depth + 1);
    }
  }
  fact += version_manager_choice(path, working_folder);
  return fact;
}

// A shim is the same file for every version: what it will start depends on files that a person edits.
// pyenv: the version's own file is found. asdf, mise, volta: the files that choose are part of the identity.
std::string Programs::version_manager_choice(const std::string& path, const std::string& working_folder) {
  const std::string folder(parent_folder(path));
  if (file_name(folder) != "shims" && file_name(folder) != "bin") return {};
  const std::string manager(parent_folder(folder));
  if (file_name(folder) == "shims" && followed(join_path(manager, "versions")).kind == FileKind::kFolder) {
    std::string chosen_by = version_file_upward(working_folder, ".python-version");
    if (chosen_by.empty()) chosen_by = join_path(manager, "version");
    followed(chosen_by);
    const std::string version = first_line(chosen_by);
    const std::string program =
        join_path(manager, "versions/" + version + "/bin/" + std::string(file_name(path)));
    return " pyenv:" + version + ":" + file_fact(program);
  }
  const auto real = real_path(path);
  const std::string_view target = real ? file_name(*real) : std::string_view();
  const bool volta = target == "volta-shim";
  const bool asdf_or_mise = file_name(folder) == "shims" && (manager.find("asdf") != std::string::npos ||
                                                             manager.find("mise") != std::string::npos);
  if (!volta && !asdf_or_mise) return {};
  std::string facts;
  static const std::array<std::string_view, 6> kFiles = {".tool-versions", "mise.toml",       ".mise.toml",
                                                         ".node-version",  ".python-version", ".nvmrc"};
  for (const std::string_view name : kFiles) {
    const std::string file = version_file_upward(working_folder, name);
    if (!file.empty()) facts += " " + file_fact(file);
  }
  if (asdf_or_mise && !home_.empty()) {
    facts += " " + file_fact(join_path(home_, ".tool-versions"));
    facts += " " + file_fact(join_path(home_, ".config/mise/config.toml"));
  }
  if (volta) {
    const std::string package = version_file_upward(working_folder, "package.json");
    const auto json = nlohmann::json::parse(read_file(package).value_or(std::string()), nullptr, false);
    if (json.is_object() && json.contains("volta")) facts += " " + sha256(json["volta"].dump()).hex();
    if (!home_.empty()) facts += " " + file_fact(join_path(home_, ".volta/tools/user/platform.json"));
  }
  return facts;
}

}  // namespace devtask
