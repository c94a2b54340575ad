// What a task sees of the caller's environment. Three classes: set here or taken in by declaration (both
// keyed), visible but not keyed, and everything else, which is not passed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/template.h"
#include "config/project.h"

namespace devtask {

using Variables = std::map<std::string, std::string, std::less<>>;

Variables to_variables(const std::vector<std::string>& environment);

// Values of placeholders. A list is one argument each; `root` keeps its name in keys, so that no key holds an
// absolute path, and so do `units`, `report` and `plugins`. Key texts are templates in which everything else
// is text: `{{root}}` is that placeholder, and whoever writes the same as a text has `{{{{root}}` there.
class Values {
 public:
  void set(std::string name, std::vector<std::string> words, bool list);
  // For the process, and for the key.
  const std::vector<std::string>& words(std::string_view name) const;
  bool is_list(std::string_view name) const;
  std::string text(std::string_view name) const;  // words joined by blanks
  std::vector<std::string> key_words(std::string_view name) const;
  std::string key_text(std::string_view name) const;
  std::string expand(const Template& text) const;
  std::string key_expand(const Template& text) const;

 private:
  struct Value {
    std::vector<std::string> words;
    bool list = false;
  };
  std::map<std::string, Value, std::less<>> values_;
};

class Environment {
 public:
  explicit Environment(Variables caller);

  // Name to value of everything that is part of the key, as key text (see Values).
  Variables keyed(const Task& task, const Values& values) const;
  // Everything the task's processes get, but for what each run adds. `root`: the project's,
  // absolute. Folders of `path` that lie in `own_outputs` are left out of PATH: a task that makes an
  // environment anew must not find the old one's programs.
  Variables visible(const Task& task, const Values& values, const std::string& root,
                    const GlobList& own_outputs) const;
  // A variable of the caller's, "" if it is not set.
  std::string caller(std::string_view name) const;
  // Folders in which a task's programs are looked for, absolute, in order. Thread-safe.
  const std::vector<std::string>& search_path(const Task& task, const std::string& root) const;
  // Values of the variables that the scope calls secret, if the task can see them.
  std::vector<std::string> secrets(const Task& task, const Variables& visible) const;

 private:
  Variables caller_;
  Variables passed_;  // of caller_, what every task sees
  using Folders = std::vector<std::string>;
  struct SearchPaths {
    std::mutex mutex;
    std::map<std::pair<const Scope*, Folders>, Folders> of;  // by scope and `path` of tasks; only grows
  };
  std::unique_ptr<SearchPaths> search_paths_ = std::make_unique<SearchPaths>();
};

}  // namespace devtask
