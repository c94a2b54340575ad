// docs/reference.md from the key table.
#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "config/keys.h"
#include "config/names.h"

namespace devtask {
namespace {

struct Section {
  std::string_view table;
  std::string_view title;
  std::string_view text;
};

constexpr std::array kSections{
    Section{kProjectTable, "[project]", "Settings of one tasks.toml. All paths are relative to its folder."},
    Section{kTaskTable, "[tasks.NAME]", "One task."},
    Section{
        kArgTable, "args of a task",
        "Each element of `args` is a table. `default` is a string, or with `many = true` a list of strings."},
    Section{kToolTable, "tools of a task",
            "Each value of `tools` is a table, which may be empty: `tools.node = {}`."},
    Section{kMigrationsTable, "[migrations.NAME]",
            "Models, and per dialect the revisions that lead to them. See migrations.md."},
    Section{kDialectTable, "dialects of migrations",
            "Each value of `dialects` is a table: `dialects.sqlite = { url = \"…\" }`."},
    Section{kPoolTable, "[pools]", "Tasks with the same `pool` share its places."},
};

// A table cell is one line, and '|' ends it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

// Defaults that are TOML are shown as code, sentences as they are.
std::string default_cell(std::string_view text) {
  const bool toml =
      text.starts_with('[') || text.starts_with('{') || text.starts_with('"') || text == "false";
  return toml ? code(text) : cell(text);
}

constexpr std::string_view kPlaceholders = R"(## Placeholders

`{{name}}` in a text stands for a value; `{{{{` is a plain `{{`, and `${...}` is left to the shell. An unknown name is a
mistake. In a step that is a string they become quoted positional parameters, never text of the script.

| Placeholder | Value | Where |
|---|---|---|
| `{{root}}` | folder of tasks.toml (in a member its own), absolute | `run`, `env` |
| `{{task}}` | name of the task | `run`, `env` |
| `{{extra}}` | what comes after `--`; appended to the last step if none names it | `run`, `env` of tasks |
| `{{units}}` | the stale units, relative to the folder in which the steps run; a list | `run`, `check` of tasks with `units` |
| `{{report}}` | a folder in which the steps leave JUnit XML (`*.xml`) that says how each unit came out | `run`, `env` of tasks with `units` |
| `{{plugins}}` | the folder of devtask's own plug-ins for test runners | `run`, `env` of tasks with `units` |
| arguments | what was given on the command line, else the default | `run`, `env` of tasks |
| `{{NAME-args}}` | of a tool with `pre-commit`: the arguments in its hook's `entry`, then its `args` | `run`, `env` of tasks |
| axes of the matrix | the value of this combination | everything with "axes" above, `run`, `env` of tasks |

)";

constexpr std::string_view kPatterns = R"(## Patterns of files

| Pattern | Matches |
|---|---|
| `*` | any characters but `/` |
| `?` | one character but `/` |
| `[a-z]`, `[!a-z]` | one character of a class, or not of it |
| `{a,b}` | either |
| `**` as a whole part | any number of folders, also none |
| `folder/` | everything in the folder |
| `\c` | the character `c` itself |
| `!pattern` | takes away from the patterns before it |

A name without wildcards and without a slash at the end is one file. Patterns of environment variables know `*` and `?`.

)";

}  // namespace

std::string reference_page() {
  std::string page =
      "# Reference of tasks.toml\n\n"
      "Made from the key table in `src/config/keys.cpp` by `devtask help reference`. Do not edit.\n\n"
      "Top-level tables are `[project]`, `[tasks]`, `[migrations]` and `[pools]`; none is required. An "
      "unknown key is a "
      "mistake.\n\n";
  for (const Section& section : kSections) {
    page +=
        fmt::format("## {}\n\n{}\n\n| Key | Type | Default | Meaning | Example |\n|---|---|---|---|---|\n",
                    section.title, section.text);
    for (const KeyInfo& key : all_keys()) {
      if (key.table != section.table) continue;
      page += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name, cell(expectation(key.type)),
                          default_cell(key.default_text), cell(key.summary), code(key.example));
    }
    page += '\n';
  }
  page += kPlaceholders;
  page += kPatterns;
  page += fmt::format(
      "## Names\n\n"
      "Tasks, aliases, pools and members: `{}`. Arguments and axes: `{}`. Environment variables: `{}`.\n\n"
      "## Never inputs\n\n"
      "These are ignored in every project, besides `ignore`:\n\n",
      kTaskNameRule, kPlaceholderNameRule, kVariableNameRule);
  for (const std::string_view pattern : default_ignore()) page += fmt::format("- `{}`\n", pattern);
  return page;
}

}  // namespace devtask
