#include "git/last_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/digest.h"
#include "base/escape.h"
#include "base/is_below.h"
#include "git/git.h"
#include "os/file.h"

namespace devtask {
namespace {

bool is_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string name_of(const LastChangeQuestion& question) {
  std::string text = question.folder;
  for (const std::string& path : question.paths) (text += '\0') += path;
  return sha256(text).hex();
}

std::string beginning_of(const LastChangeQuestion& question) {
  return fmt::format("DTCOMM01 {} {} ", question.head, question.cut.empty() ? "-" : question.cut);
}

std::string line_of(const LastChangeQuestion& question, const std::string& answer) {
  const std::string text = beginning_of(question) + answer;
  return text + " " + sha256(text).hex() + "\n";
}

// What a line says to the question, if it is about that.
std::optional<std::string> answer_in(const std::string& line, const LastChangeQuestion& question) {
  const std::string beginning = beginning_of(question);
  if (!line.starts_with(beginning)) return std::nullopt;
  std::string answer = line.substr(beginning.size());
  answer.resize(std::min(answer.find(' '), answer.size()));
  if (line != line_of(question, answer)) return std::nullopt;
  return answer;
}

Result<std::string> ask_git(const Variables& environment, const LastChangeQuestion& question) {
  const auto git = Git::open(environment, question.folder);
  if (!git) return tl::unexpected(git.error());
  std::vector<std::string> words{"rev-list", "-1", question.head, "--"};
  for (const std::string& path : question.paths) {
    if (path != git->top() && !is_below(path, git->top()))
      return failure("`{}` is not in the work tree `{}` of git", escape_line(path), git->top());
    words.push_back(":(top,literal)" + path.substr(std::min(path.size(), git->top().size() + 1)));
  }
  const auto said = git->ask(words);
  if (!said) return tl::unexpected(said.error());
  // What git warns of may stand beside it.
  for (std::string_view rest = *said; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (is_id(line)) return std::string(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return "none";
}

}  // namespace

Result<std::string> LastChanges::ask(const LastChangeQuestion& question) {
  const std::string name = name_of(question);
  const std::string file = folder_ + "/" + name;
  const std::lock_guard lock(mutex_);
  std::string& line = lines_[name];
  if (line.empty()) line = read_file(file).value_or("");
  if (auto answer = answer_in(line, question)) return std::move(*answer);
  auto answer = ask_git(environment_, question);
  if (!answer) return answer;
  line = line_of(question, *answer);
  if (!read_only_ && make_folders(folder_, 0700)) (void)write_file(file, line, 0600);
  return answer;
}

}  // namespace devtask
