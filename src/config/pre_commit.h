// What a `.pre-commit-config.yaml` says: its hooks, the version of the program behind each, its arguments.
// Unaware of: YAML, tasks, what is made of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "config/table_reader.h"
#include "config/toml_value.h"

namespace devtask {

inline constexpr std::string_view kPreCommitFile = ".pre-commit-config.yaml";

// What is not written is empty.
struct PreCommitHook {
  Placed<std::string> id;
  std::string alias;
  Placed<std::string> repo;
  Placed<std::string> rev;
  Placed<std::string> language;
  Placed<std::string> language_version;  // its own, else that of `default_language_version` for Python
  std::vector<std::string> entry;        // the words of the command
  std::vector<std::string> args;
  std::vector<Placed<std::string>> additional_dependencies;
};

// In the order written. What has not the form that pre-commit reads is complained about and left out; nullopt
// if that is all of it.
std::optional<std::vector<PreCommitHook>> bind_pre_commit(const FileReader& file, const TomlValue& top);

}  // namespace devtask
