#include "plan/environment.h"

#include <algorithm>

#include "config/paths.h"
#include "os/file.h"
#include "plan/programs.h"

namespace devtask {
namespace {

// Needed to find programs, packages and the network, or harmless: visible, but no reason to run again.
const std::vector<std::string> kPassed = {"PATH",
                                          "HOME",
                                          "USER",
                                          "LOGNAME",
                                          "TMPDIR",
                                          "TERM",
                                          "COLORTERM",
                                          "CI",
                                          "NO_COLOR",
                                          "FORCE_COLOR",
                                          "CLICOLOR_FORCE",
                                          "{http,https,ftp,all,no}_proxy",
                                          "{HTTP,HTTPS,FTP,ALL,NO}_PROXY",
                                          "SSL_CERT_{FILE,DIR}",
                                          "REQUESTS_CA_BUNDLE",
                                          "CURL_CA_BUNDLE",
                                          "NODE_EXTRA_CA_CERTS",
                                          "GIT_SSL_CAINFO",
                                          "PIP_*",
                                          "UV_*",
                                          "NPM_CONFIG_*",
                                          "npm_config_*",
                                          "CARGO_HOME",
                                          "RUSTUP_HOME",
                                          "GOPROXY",
                                          "GOMODCACHE",
                                          "XDG_*",
                                          "SSH_AUTH_SOCK"};

// Programs must not sort, print or date differently on another machine.
const Variables kFixed = {{"LANG", "C.UTF-8"}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};

GlobList compile(const std::vector<std::string>& names) {
  return GlobList::parse(names).value_or(GlobList());
}

GlobList compile(const std::vector<Placed<std::string>>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) texts.push_back(name.value);
  return compile(texts);
}

void add_matching(const Variables& from, const std::vector<Placed<std::string>>& names, Variables& to) {
  if (names.empty()) return;
  const GlobList patterns = compile(names);
  for (const auto& [name, value] : from) {
    if (patterns.matches(name)) to[name] = value;
  }
}

}  // namespace

Variables to_variables(const std::vector<std::string>& environment) {
  Variables variables;
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos) continue;
    variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return variables;
}

void Values::set(std::string name, std::vector<std::string> words, bool list) {
  values_[std::move(name)] = {std::move(words), list};
}

const std::vector<std::string>& Values::words(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const auto found = values_.find(name);
  return found == values_.end() ? kNone : found->second.words;
}

bool Values::is_list(std::string_view name) const {
  const auto found = values_.find(name);
  return found != values_.end() && found->second.list;
}

std::string Values::text(std::string_view name) const {
  std::string joined;
  for (const std::string& word : words(name)) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return joined;
}

namespace {

// What differs from one checkout to another, or from one batch of units to the next.
bool keeps_its_name(std::string_view name) {
  return name == "root" || name == "units" || name == "report" || name == "plugins";
}

}  // namespace

std::string Values::key_text(std::string_view name) const {
  return keeps_its_name(name) ? fmt::format("{{{{{}}}}}", name) : escape_template(text(name));
}

std::vector<std::string> Values::key_words(std::string_view name) const {
  if (keeps_its_name(name)) return {key_text(name)};
  std::vector<std::string> escaped = words(name);
  for (std::string& word : escaped) word = escape_template(word);
  return escaped;
}

std::string Values::expand(const Template& source) const {
  return source.expand([this](std::string_view name) { return text(name); });
}

std::string Values::key_expand(const Template& source) const {
  std::string key;
  for (const Template::Part& part : source.parts())
    key += part.placeholder ? key_text(part.text) : escape_template(part.text);
  return key;
}

Environment::Environment(Variables caller) : caller_(std::move(caller)) {
  const GlobList patterns = compile(kPassed);
  for (const auto& [name, value] : caller_) {
    if (patterns.matches(name)) passed_[name] = value;
  }
}

Variables Environment::keyed(const Task& task, const Values& values) const {
  Variables result;
  add_matching(caller_, task.scope->env_inputs, result);
  add_matching(caller_, task.env_inputs, result);
  for (auto& [name, value] : result) value = escape_template(value);
  for (const auto& [name, value] : task.scope->env) result[name] = values.key_expand(value.value);
  for (const auto& [name, value] : task.env) result[name] = values.key_expand(value.value);
  return result;
}

Variables Environment::visible(const Task& task, const Values& values, const std::string& root,
                               const GlobList& own_outputs) const {
  Variables result = passed_;
  for (const auto& [name, value] : kFixed) result[name] = value;
  add_matching(caller_, task.scope->env_pass, result);
  add_matching(caller_, task.env_pass, result);
  add_matching(caller_, task.scope->env_inputs, result);
  add_matching(caller_, task.env_inputs, result);
  for (const auto& [name, value] : task.scope->env) result[name] = values.expand(value.value);
  for (const auto& [name, value] : task.env) result[name] = values.expand(value.value);
  if (!result.contains("PATH")) result["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  // `path` goes before whatever PATH the task has by now, also one that it sets itself.
  std::string path;
  for (const auto* folders : {&task.path, &task.scope->path}) {
    for (const std::string& folder : *folders) {
      if (!own_outputs.matches(join_path(folder, "x"))) path += join_path(root, folder) + ":";
    }
  }
  // A relative folder would mean another program in each working folder.
  for (const std::string& folder : search_folders(result["PATH"])) path += folder + ":";
  if (path.ends_with(':')) path.pop_back();
  result["PATH"] = path;
  return result;
}

std::string Environment::caller(std::string_view name) const {
  const auto found = caller_.find(name);
  return found == caller_.end() ? std::string() : found->second;
}

const std::vector<std::string>& Environment::search_path(const Task& task, const std::string& root) const {
  const std::scoped_lock lock(search_paths_->mutex);
  const auto [entry, added] = search_paths_->of.try_emplace({task.scope.get(), task.path});
  if (added) {
    for (const auto* folders : {&task.path, &task.scope->path}) {
      for (const std::string& folder : *folders) entry->second.push_back(join_path(root, folder));
    }
    const auto path = caller_.find("PATH");
    for (std::string& folder : search_folders(path == caller_.end() ? "/usr/local/bin:/usr/bin:/bin"
                                                                    : std::string_view(path->second))) {
      entry->second.push_back(std::move(folder));
    }
  }
  return entry->second;
}

std::vector<std::string> Environment::secrets(const Task& task, const Variables& visible) const {
  std::vector<std::string> values;
  if (task.scope->secrets.empty()) return values;
  const GlobList patterns = compile(task.scope->secrets);
  for (const auto& [name, value] : visible) {
    if (!value.empty() && patterns.matches(name)) values.push_back(value);
  }
  // The longest first: one secret may be part of another.
  std::sort(values.begin(), values.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return values;
}

}  // namespace devtask
