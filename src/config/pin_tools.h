// The pins of tasks become tasks: one hidden task for each set of pins, which makes a Python environment with
// exactly these packages and nothing else. Whoever has the pins depends on it and finds its programs first.
// Unaware of: the disk, YAML.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/complaints.h"
#include "config/draft.h"
#include "config/pre_commit.h"

namespace devtask {

// Where these environments are, relative to the root, and how the tasks are called: "tools-1a2b3c4d5e6f".
inline constexpr std::string_view kToolsFolder = ".devtask/tools";
inline const std::string kToolsPrefix = "tools-";
// ".devtask/tools/1a2b3c4d5e6f"
std::string tools_folder(std::string_view task_name);

class ToolPinner {
 public:
  explicit ToolPinner(Complaints& complaints) : complaints_(complaints) {}

  // Looks up the pins of `draft` in `hooks` and makes it depend on the task that installs them. Mistakes are
  // complained about, those in the YAML file once.
  void pin(TaskDraft& draft, const std::vector<PreCommitHook>& hooks);

  // The tasks that install. `root`: the scope of the root. They belong to it, wherever the pins were found:
  // members share them, and their keys are the same as in the member alone.
  std::vector<TaskDraft> tasks(const Scope& root) const;

 private:
  struct Pins {
    std::string python;                  // the interpreter, "" if it does not matter
    std::set<std::string> requirements;  // as pip takes them
    Span where;                          // of the first hook
  };

  const PreCommitHook* find_hook(const TaskDraft& draft, const ToolPin& pin,
                                 const std::vector<PreCommitHook>& hooks);
  bool add(const TaskDraft& draft, const ToolPin& pin, const PreCommitHook& hook, Pins& pins);
  bool add_python(const TaskDraft& draft, const ToolPin& pin, const PreCommitHook& hook, Pins& pins);
  // Once for one place.
  void complain(Diagnostic problem);

  Complaints& complaints_;
  std::set<std::string> said_;
  std::map<std::string, Pins> environments_;  // by the name of the task
};

}  // namespace devtask
