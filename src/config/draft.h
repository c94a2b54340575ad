// What is known of a configuration between reading its files and checking them against each other.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/project.h"

namespace devtask {

// `tools.black = { pre-commit = "black", package = "black" }`.
struct ToolPin {
  std::size_t tool = 0;  // in task.tools
  Placed<std::string> hook;
  std::optional<Placed<std::string>> package;
};

// A task with the places that only the checks need.
struct TaskDraft {
  Task task;
  std::vector<Span> alias_places;  // of task.aliases
  Span pool_place;
  std::string extends;  // qualified name of the task it extends, "" for none
  std::vector<ToolPin> pins;
  bool deps_written = false;
  bool duplicate = false;  // its name is taken by an earlier task
};

// One tasks.toml with its includes: the root's or a member's.
struct ScopeDraft {
  std::shared_ptr<Scope> scope;
  std::string prefix;  // "flows:" before the names of a member's tasks, "" for the root
  std::string shell = "sh";
  std::vector<Placed<std::string>> include;
  std::vector<Placed<std::string>> members;
  std::string requires_version;
  std::vector<std::string> ignore_texts;  // of scope->ignore
};

using PoolDrafts = std::map<std::string, Placed<int>>;  // by qualified name

}  // namespace devtask
