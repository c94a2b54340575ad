// git, asked by its plumbing, in the repository of a project: also within a hook, where it has an index of
// its own. Unaware of: tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/environment.h"

namespace devtask {

class Git {
 public:
  // `folder`: absolute, of a project. Fails if it is in no work tree.
  static Result<Git> open(const Variables& environment, const std::string& folder);

  struct Said {
    int status = 0;
    std::string out, errors;
  };
  // At the top of the work tree. `input` is its standard input. Fails only if it cannot be started.
  Result<Said> run(const std::vector<std::string>& words, std::string_view input = {}) const;
  // What it says; any other exit status than 0 is a failure.
  Result<std::string> ask(const std::vector<std::string>& words, std::string_view input = {}) const;

  const std::string& top() const { return top_; }
  const std::string& prefix() const { return prefix_; }  // of the folder, relative to the top; "" is the top

  // The same with another index.
  Git with_index(const std::string& file) const;
  // "" if the environment does not name one.
  std::string index_file() const;

  // For what is given to git and got from it: a folder that is there.
  void use_folder(std::string folder) { folder_ = std::move(folder); }

 private:
  std::string program_, top_, prefix_, folder_;
  std::vector<std::string> env_;
};

}  // namespace devtask
