#include "git/git.h"

#include <algorithm>
#include <array>

#include "base/escape.h"
#include "os/file.h"
#include "os/process.h"
#include "os/stop.h"
#include "plan/programs.h"

namespace devtask {
namespace {

constexpr std::string_view kIndex = "GIT_INDEX_FILE=";
// Paths that git's hooks get relative to the folder in which they are started.
constexpr std::array<std::string_view, 5> kPaths = {"GIT_DIR=", "GIT_WORK_TREE=", kIndex,
                                                    "GIT_COMMON_DIR=", "GIT_OBJECT_DIRECTORY="};

std::string without_newlines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Result<Git> Git::open(const Variables& environment, const std::string& folder) {
  Git git;
  git.program_ = find_in_path(environment, {"git"});
  if (git.program_.empty())
    return failure(error("cannot find `git`").advise("install it, or put it into PATH"));
  const std::string here = current_folder();
  bool placed = false;  // the environment says where the repository is
  for (std::string& each : own_environment()) {
    if (each.starts_with("GIT_PREFIX=") || each.starts_with("LC_ALL=")) continue;
    for (const std::string_view name : kPaths) {
      if (each.starts_with(name)) each = std::string(name) + join_path(here, each.substr(name.size()));
    }
    placed = placed || each.starts_with("GIT_DIR=");
    git.env_.push_back(std::move(each));
  }
  git.env_.emplace_back("LC_ALL=C");
  // A hook is started at the top; without GIT_WORK_TREE git takes the folder it is in for that.
  git.top_ = placed ? here : folder;
  const auto top = git.run({"rev-parse", "--show-toplevel"});
  if (!top) return tl::unexpected(top.error());
  const std::string found = top->status == 0 ? without_newlines(top->out) : "";
  if (found.empty()) {
    return failure(error("`{}` is in no work tree of git", folder)
                       .advise("`git init` makes a repository")
                       .note(escape_line(without_newlines(top->errors))));
  }
  auto real_top = real_path(found), real_folder = real_path(folder);
  if (!real_top) return tl::unexpected(real_top.error());
  if (!real_folder) return tl::unexpected(real_folder.error());
  if (*real_folder != *real_top && !real_folder->starts_with(*real_top + "/"))
    return failure("`{}` is not in the work tree `{}` of git", folder, *real_top);
  git.top_ = std::move(*real_top);
  if (*real_folder != git.top_) git.prefix_ = real_folder->substr(git.top_.size() + 1);
  return git;
}

Result<Git::Said> Git::run(const std::vector<std::string>& words, std::string_view input) const {
  ProcessRequest request;
  request.program = program_;
  request.argv = {"git"};
  request.argv.insert(request.argv.end(), words.begin(), words.end());
  request.env = env_;
  request.folder = top_;
  if (!folder_.empty()) {
    request.errors = folder_ + "/errors";
    if (!input.empty()) {
      request.input = folder_ + "/input";
      if (auto written = write_file(request.input, input); !written) return tl::unexpected(written.error());
    }
  }
  Said said;
  request.output = [&](std::string_view piece) { said.out += piece; };
  StopRequest stop;
  const auto outcome = run_process(request, stop);
  if (!outcome) return tl::unexpected(outcome.error());
  said.status = outcome->exit_status;
  said.errors = folder_.empty() ? said.out : read_file(request.errors).value_or("");
  return said;
}

Result<std::string> Git::ask(const std::vector<std::string>& words, std::string_view input) const {
  auto said = run(words, input);
  if (!said) return tl::unexpected(said.error());
  if (said->status == 0) return std::move(said->out);
  return failure(error("`git {}` ended with exit status {}", words.front(), said->status)
                     .note(escape_line(without_newlines(said->errors))));
}

Git Git::with_index(const std::string& file) const {
  Git other = *this;
  std::erase_if(other.env_, [](const std::string& each) { return each.starts_with(kIndex); });
  other.env_.push_back(std::string(kIndex) + file);
  return other;
}

std::string Git::index_file() const {
  const auto found = std::ranges::find_if(env_, [](const auto& each) { return each.starts_with(kIndex); });
  return found == env_.end() ? "" : found->substr(kIndex.size());
}

}  // namespace devtask
