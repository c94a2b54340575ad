// What the tasks.toml files of a project say, typed and checked, each field with the place it was written at.
// Unaware of: globs on disk, requests, what is stale.
//
// Names: a task of the member in folder `examples/flows` whose project is named `flows` is `flows:build-ui`.
// Patterns and folders are relative to the project root (a member's are prefixed when read), so nobody
// downstream needs to know about members; `Scope::base` is kept for showing and for keys.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/glob.h"
#include "base/source.h"
#include "base/template.h"

namespace devtask {

enum class CacheMode { kYes, kLocal, kNo };

// One step of `run`. A shell step has one word, the script; an argv step has the words of the command.
struct Step {
  bool shell = false;
  std::vector<Template> words;
  Span where;
};

// A list of patterns as written (after the member prefix) and compiled. With `{{axis}}` in it the list is
// compiled for each row of the matrix by expand_patterns (config/matrix.h), and `globs` is empty until then.
struct Patterns {
  std::vector<Placed<std::string>> written;  // '!' kept
  GlobList globs;
  bool templated = false;  // some text has `{{axis}}`
};

// `args = [{ name = "paths", many = true, default = ["tests"], help = "…" }]`: positional arguments.
struct ArgSpec {
  std::string name;
  std::string help;
  bool many = false;                                 // takes the rest; only the last may
  std::optional<std::vector<std::string>> defaults;  // nullopt: required
  Span where;
};

struct MatrixAxis {
  std::string name;
  std::vector<std::string> values;
  Span where;
};

// An extra program whose identity is part of the key: `tools = { node = {} }`.
struct ToolSpec {
  std::string name;
  Span where;
  // Of one that is pinned in .pre-commit-config.yaml: the words of `{{NAME-args}}`.
  std::optional<std::vector<std::string>> args;
  bool distributions = false;  // what is installed in the Python environment that runs it matters
};

// Settings of one tasks.toml ([project]), shared by all of its tasks.
struct Scope {
  std::string name;                  // [project] name, else the folder's name
  std::string base;                  // folder relative to the project root, "" for the root itself
  std::vector<std::string> path;     // folders put before PATH, relative to the root, in order
  GlobList ignore;                   // never inputs: the defaults and [project] ignore
  std::vector<std::string> secrets;  // patterns of environment variable names
  std::map<std::string, Placed<Template>> env;
  std::vector<Placed<std::string>> env_inputs;  // patterns of names
  std::vector<Placed<std::string>> env_pass;    // added to the default ones
};

struct Task {
  std::string name;   // qualified by the member: "flows:build-ui"
  std::string local;  // without the member: "build-ui"
  std::shared_ptr<const Scope> scope;
  Span where;  // the key in [tasks.NAME]

  std::string description;
  std::vector<std::string> aliases;    // qualified like the name
  std::vector<Step> run;               // empty: a group of its dependencies
  std::string shell = "sh";            // "sh" or "bash"
  std::vector<Placed<Template>> deps;  // qualified names; "name@value" picks of a matrix
  std::optional<Patterns> inputs;      // absent: what it reads is unknown, so it always runs when asked for
  Patterns outputs;
  Patterns creates;
  Patterns edits;
  // Files that have a fingerprint and a result each; the steps get those that are stale as `{{units}}`.
  std::optional<Patterns> units;
  std::vector<std::string> unit_inputs;  // names of files in the folder of a unit or above that it depends on
  std::vector<Step> check;               // instead of `run` with --check; empty: `run`, on copies
  std::string family;                    // name of the first task of the chain of `extends`, or its own
  std::vector<std::shared_ptr<const Patterns>> family_units;  // of the tasks that it extends
  std::size_t processes = 0;  // units: at most so many at once; 0: as many as there are jobs
  bool reports = false;       // `{{report}}` stands in it: the steps say how each unit came out
  bool takes_parts = false;   // `{{plugins}}` stands in it: its runner reports tests by what can be typed
  std::optional<Placed<std::string>> witness;  // a file relative to the root
  std::map<std::string, Placed<Template>> env;
  std::vector<Placed<std::string>> env_inputs;
  std::vector<Placed<std::string>> env_pass;
  Placed<std::string> dir;  // relative to the root, "" is the root (the member's base by default)
  CacheMode cache = CacheMode::kYes;
  std::vector<ArgSpec> args;
  std::vector<MatrixAxis> matrix;  // in the order written
  std::optional<std::chrono::milliseconds> timeout;
  // The commit that is checked out matters; with paths relative to the root the last that changed one of
  // them.
  std::optional<std::vector<Placed<std::string>>> commit;
  bool interactive = false;
  bool hidden = false;
  bool shows_distributions = false;  // a task that depends on it, a local one, has such a tool
  bool makes_tools = false;  // made by devtask for pinned tools (pin_tools.h), with one folder of outputs
  std::string pool;          // "" none
  std::vector<ToolSpec> tools;
  std::vector<std::string> path;  // folders before those of the scope, relative to the root

  bool edits_units() const { return units && !edits.written.empty(); }
};

// A database system that migrations are written for.
struct Dialect {
  std::string name;
  std::string label;                // in the notes
  Placed<Template> url;             // of a scratch database, with `{{scratch}}` (a folder) or `{{server}}`
  std::string server;               // what has to run for it: "postgresql", "" nothing
  std::vector<std::string> around;  // the first and the last statement of each migration; or none
  std::string versions;             // folder of its revisions, relative to the root
  std::string rules_since;          // the newest revision to which no rules apply; "" there is none
  Span where;
};

// [migrations.NAME]: models, and per dialect the revisions that lead to them.
struct Migrations {
  std::string name;   // qualified by the member: "flows:main"
  std::string local;  // without the member
  std::shared_ptr<const Scope> scope;
  Span where;
  std::vector<Placed<std::string>> deps;  // tasks, as written
  Patterns models;                        // what the tool compares with the database
  Patterns inputs;                        // what else decides what a migration does
  std::vector<Step> revision;             // `{{name}}`: writes the next revision
  std::vector<Step> upgrade, downgrade;   // `{{revision}}`
  std::vector<Step> upgrade_sql;          // likewise: prints what `upgrade` would do; or none
  Placed<std::string> dir;                // relative to the root
  std::string url_env;                    // the variable that names the database
  std::map<std::string, Placed<Template>> env;
  std::string file_name;                      // a regular expression for the names of revision files, or ""
  std::optional<Placed<std::string>> notes;   // a file, relative to the root
  std::optional<Placed<std::string>> format;  // the task that formats new files, as written
  std::vector<Dialect> dialects;              // in the order written
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};
using NameIndex = std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>>;

struct Project {
  std::string root;  // absolute, no trailing slash
  std::shared_ptr<const Scope> scope;
  std::string requires_version;      // "" or ">=0.1"
  std::vector<Task> tasks;           // in the order written: root, includes, members
  std::map<std::string, int> pools;  // name to depth
  std::vector<Migrations> migrations;
  // What must be looked at to know that this Project is still what the files say, relative to the root: every
  // file that was read, and every folder that was listed for `include` and `members` ("" is the root), with
  // links followed. What was looked for and not found is among the folders. A file that appears or goes away
  // changes its folder's time.
  std::vector<std::string> files;
  std::vector<std::string> folders;
  NameIndex index;  // names and aliases to positions in `tasks`; filled by load_project

  // By name or alias; nullptr if there is none. Without an index (a Project put together by hand) it looks at
  // each task.
  const Task* find(std::string_view name) const;
};

}  // namespace devtask
