// The one table of every key of tasks.toml. The reader, the reference page and the JSON schema all come from
// it. Unaware of: TOML, what a value does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

enum class KeyType {
  kString,
  kBool,
  kBoolOrList,  // `true`, `false` or a list of strings
  kStringList,
  kStringOrList,  // one string or a list of strings
  kStringMap,     // a table of strings
  kSteps,         // `run`: a string, or a list of strings and lists of strings
  kCacheMode,
  kDuration,
  kArgs,      // a list of tables, keys under kArgTable
  kMatrix,    // a table of lists of strings
  kTools,     // a table of tables, keys under kToolTable
  kDialects,  // a table of tables, keys under kDialectTable
  kDepth,     // an integer from 1
  kEdits,     // a list of strings, or `true`
  kUses,      // the name of a preset
  kShell,
  kServer,  // the name of a database server
  kTable,   // a table with keys of its own or with names that people choose
};

// The tables as the key table names them.
inline constexpr std::string_view kTopTable = "";
inline constexpr std::string_view kProjectTable = "project";
inline constexpr std::string_view kTaskTable = "tasks.NAME";
inline constexpr std::string_view kArgTable = "tasks.NAME.args";
inline constexpr std::string_view kToolTable = "tasks.NAME.tools";
inline constexpr std::string_view kMigrationsTable = "migrations.NAME";
inline constexpr std::string_view kDialectTable = "migrations.NAME.dialects";
inline constexpr std::string_view kPoolTable = "pools";

// A row whose name is `NAME` stands for names that people choose.
struct KeyInfo {
  std::string_view table;
  std::string_view name;
  KeyType type;
  std::string_view summary;       // one sentence or more, for the reference page and editors
  std::string_view default_text;  // "" if there is none
  std::string_view example;       // TOML, one line
};

std::span<const KeyInfo> all_keys();
// nullptr if `table` has no such key. Rows named `NAME` are not found.
const KeyInfo* find_key(std::string_view table, std::string_view name);
std::vector<std::string> key_names(std::string_view table);
// What a value must be, for messages and the reference page: "a list of strings".
std::string_view expectation(KeyType type);

// Patterns that are never inputs, in every project.
std::span<const std::string_view> default_ignore();

std::string reference_page();  // docs/reference.md
std::string json_schema();     // devtask.schema.json, draft 2020-12, only what taplo reads

}  // namespace devtask
