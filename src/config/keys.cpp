#include "config/keys.h"

#include <algorithm>

namespace devtask {
namespace {

constexpr std::string_view kDefaultIgnore[] = {
    ".git/**",      ".devtask/**",   "**/__pycache__/**", "**/*.pyc", "**/*.egg-info/**",
    "**/.DS_Store", "**/*~",         "**/.*.swp",         "**/.#*",   "**/4913",
    "**/.idea/**",  "**/.vscode/**",
};

constexpr KeyInfo kKeys[] = {
    {kTopTable, "project", KeyType::kTable, "Settings of the whole project.", "", "[project]"},
    {kTopTable, "tasks", KeyType::kTable, "The tasks, by name.", "", "[tasks.build]"},
    {kTopTable, "migrations", KeyType::kTable, "Databases whose schema follows models, by name.", "",
     "[migrations.server]"},
    {kTopTable, "pools", KeyType::kTable, "How many tasks of one kind may run at a time.", "", "[pools]"},

    {kProjectTable, "name", KeyType::kString,
     "Name of the project. Tasks of a member are called `NAME:TASK` from outside.", "the name of the folder",
     R"(name = "prefect")"},
    {kProjectTable, "requires", KeyType::kString, "The oldest version of devtask that can read this file.",
     "", R"(requires = ">=0.1")"},
    {kProjectTable, "include", KeyType::kStringList,
     "Patterns of more TOML files, which may hold `[tasks]`, `[migrations]` and `[pools]`. Their paths are "
     "relative to the "
     "folder of "
     "this file.",
     "[]", R"(include = ["tasks/*.toml"])"},
    {kProjectTable, "members", KeyType::kStringList,
     "Patterns of folders with a tasks.toml of their own. Only in the tasks.toml of the root. In such a "
     "folder devtask works on the whole project: `NAME` is a task of the member there, `:NAME` one of the "
     "root.",
     "[]", R"(members = ["examples/*"])"},
    {kProjectTable, "path", KeyType::kStringList, "Folders to search for programs before PATH.", "[]",
     R"(path = [".venv/bin"])"},
    {kProjectTable, "shell", KeyType::kShell, "The shell of tasks that do not name one.", "\"sh\"",
     R"(shell = "bash")"},
    {kProjectTable, "ignore", KeyType::kStringList,
     "Patterns of files that are never inputs, besides the ones that devtask always ignores. The root's also "
     "hold in "
     "members.",
     "[]", R"(ignore = ["**/*.log"])"},
    {kProjectTable, "secrets", KeyType::kStringList,
     "Patterns of names of environment variables whose values are masked in everything shown or stored. The "
     "root's "
     "also hold in members.",
     "[]", R"(secrets = ["*_TOKEN"])"},
    {kProjectTable, "env", KeyType::kStringMap,
     "Environment variables of every task. A change makes the tasks run again. Placeholders: `root`, `task`.",
     "{}", R"(env = { PREFECT_HOME = "{{root}}/.devtask/prefect" })"},
    {kProjectTable, "env-inputs", KeyType::kStringList,
     "Patterns of environment variables taken from outside. A change makes the tasks run again.", "[]",
     R"(env-inputs = ["PREFECT_*"])"},
    {kProjectTable, "env-pass", KeyType::kStringList,
     "Patterns of environment variables that tasks see, besides the usual ones (PATH, HOME, proxies, …). A "
     "change "
     "does not make them run again.",
     "[]", R"(env-pass = ["SSH_AUTH_SOCK"])"},

    {kTaskTable, "description", KeyType::kString, "One line for `devtask list`.", "",
     R"(description = "Build the user interface")"},
    {kTaskTable, "run", KeyType::kSteps,
     "What to do: one step or a list of steps, stopping at the first failure. A string is a script for the "
     "shell, a "
     "list of strings is a program and its arguments. A task without `run` is a group of its dependencies. "
     "Placeholders: `root`, `task`, `extra` (what comes after `--`), arguments, axes of the matrix, and for "
     "tasks with `units` also `units`, `report` (the folder whose *.xml is read) and `plugins` (that of "
     "devtask_pytest.py).",
     "", R"(run = [["npm", "ci"], "npm run build"])"},
    {kTaskTable, "deps", KeyType::kStringList,
     "Tasks to bring up to date first. `NAME@VALUE` picks one of a matrix. In a member, `:NAME` is a task of "
     "the root. "
     "Placeholders: axes.",
     "[]", R"(deps = ["venv", "schema@sqlite"])"},
    {kTaskTable, "inputs", KeyType::kStringList,
     "Patterns of the files that the task reads; `!` excludes, and links to folders are not entered. Without "
     "this key the task runs whenever it is "
     "asked for; "
     "with an empty list it depends on its command, environment and dependencies only. Placeholders: axes.",
     "", R"(inputs = ["ui/**", "!ui/dist/**"])"},
    {kTaskTable, "commit", KeyType::kBoolOrList,
     "The commit that is checked out, in the repository that has this tasks.toml, is a reason to run again: "
     "for `git describe` and `git log`. With a list of files and folders (no patterns) it is the last commit "
     "that changed one of these. A task without `inputs` still runs whenever it is asked for: `inputs = []` "
     "is for one that reads no other files. Placeholders: axes.",
     "false", R"(commit = ["CHANGELOG.md", "docs/releases"])"},
    {kTaskTable, "outputs", KeyType::kStringList,
     "Patterns of the files that the task makes and devtask owns: it may delete and restore them. "
     "Placeholders: axes.",
     "[]", R"(outputs = ["dist/"])"},
    {kTaskTable, "creates", KeyType::kStringList,
     "Patterns of new source files that the task writes. They are never restored over or deleted, and "
     "editing them makes "
     "nothing stale. Placeholders: axes.",
     "[]", R"(creates = ["migrations/*.py"])"},
    {kTaskTable, "edits", KeyType::kEdits,
     "Patterns of files that the task rewrites in place, as formatters do. Placeholders: axes. `true`: its "
     "`units`.",
     "[]", R"(edits = true)"},
    {kTaskTable, "units", KeyType::kStringList,
     "Patterns of files that each have a result of their own: the steps get those that are stale as "
     "`{{units}}`, in as few processes as there are jobs, and the others are left alone. On the command line "
     "paths behind the task's name choose some. Units are not among the `inputs`, whatever those say. "
     "Placeholders: axes.",
     "", R"(units = ["tests/**/test_*.py"])"},
    {kTaskTable, "unit-inputs", KeyType::kStringList,
     "Names of files that a unit depends on if they are in its folder or in any folder above it, also "
     "outside of the project.",
     "[]", R"(unit-inputs = ["conftest.py"])"},
    {kTaskTable, "check", KeyType::kSteps,
     "What `--check` does instead of `run`, for a task with `edits = true`: exit status 1 means that a file "
     "would "
     "change, any other failure that the tool could not do its work. Without this key the steps of "
     "`run` work on copies. Placeholders: as in `run`.",
     "", R"(check = [["black", "--check", "{{units}}"]])"},
    {kTaskTable, "processes", KeyType::kDepth, "At most so many processes work on the units at once.",
     "the number of jobs", R"(processes = 1)"},
    {kTaskTable, "extends", KeyType::kString,
     "A task of the same file. What is not written here is as it is there, but for description, aliases and "
     "`hidden`; `env` and `tools` are joined. Units that come out with the same fingerprint "
     "share their results.",
     "", R"(extends = "test")"},
    {kTaskTable, "uses", KeyType::kUses,
     "A preset: what is not written here is as it says. `pytest`: `run`, `unit-inputs` and `tools` of a task "
     "whose `units` are test files for pytest.",
     "", R"(uses = "pytest")"},
    {kTaskTable, "cache", KeyType::kCacheMode,
     "`yes`: outputs are stored and restored. `local`: remembered in this checkout only, checked by the "
     "`witness`. "
     "`no`: runs whenever it is asked for.",
     "\"yes\"", R"(cache = "local")"},
    {kTaskTable, "witness", KeyType::kString,
     "The file that stands for the outputs of a task with `cache = \"local\"`. Placeholders: axes.", "",
     R"(witness = ".venv/pyvenv.cfg")"},
    {kTaskTable, "dir", KeyType::kString, "The folder in which it runs. Placeholders: axes.",
     "the folder of tasks.toml", R"(dir = "ui")"},
    {kTaskTable, "shell", KeyType::kShell,
     "The shell of steps that are strings, `sh -eu` or `bash -eu -o pipefail`.", "that of the project",
     R"(shell = "bash")"},
    {kTaskTable, "env", KeyType::kStringMap,
     "Environment variables. A change makes the task run again. Placeholders: as in `run`.", "{}",
     R"(env = { NODE_ENV = "production" })"},
    {kTaskTable, "env-inputs", KeyType::kStringList,
     "Patterns of environment variables taken from outside. A change makes the task run again.", "[]",
     R"(env-inputs = ["PYTEST_*"])"},
    {kTaskTable, "env-pass", KeyType::kStringList,
     "Patterns of environment variables that the task sees, besides the usual ones. A change does not make "
     "it run again.",
     "[]", R"(env-pass = ["DISPLAY"])"},
    {kTaskTable, "args", KeyType::kArgs, "Arguments that the task takes on the command line, in order.", "[]",
     R"(args = [{ name = "paths", many = true, default = ["tests"] }])"},
    {kTaskTable, "matrix", KeyType::kMatrix,
     "Axes and their values: the task stands for one task of each combination, called `NAME@VALUE,VALUE`.",
     "{}", R"(matrix = { dialect = ["sqlite", "postgresql"] })"},
    {kTaskTable, "timeout", KeyType::kDuration, "How long it may run before it is stopped.", "no limit",
     R"(timeout = "1h30m")"},
    {kTaskTable, "interactive", KeyType::kBool,
     "The task gets the terminal. It is never cached and has no outputs.", "false", R"(interactive = true)"},
    {kTaskTable, "hidden", KeyType::kBool, "Leave the task out of `devtask list`.", "false",
     R"(hidden = true)"},
    {kTaskTable, "aliases", KeyType::kStringList, "Other names of the task.", "[]", R"(aliases = ["t"])"},
    {kTaskTable, "pool", KeyType::kString, "The pool of `[pools]` in which it takes a place.", "",
     R"(pool = "database")"},
    {kTaskTable, "tools", KeyType::kTools,
     "More programs whose change makes the task run again, by name. The ones that the steps start by name "
     "are "
     "known already. With `pre-commit` devtask installs the program.",
     "{}", R"(tools = { node = {}, black = { pre-commit = "black" } })"},

    {kArgTable, "name", KeyType::kString,
     "Name of the argument, for `{{NAME}}` in `run` and `env`. Required.", "", R"(name = "paths")"},
    {kArgTable, "help", KeyType::kString, "One line for `devtask TASK --help`.", "",
     R"(help = "test files")"},
    {kArgTable, "many", KeyType::kBool,
     "The argument takes all the words that are left. Only the last one may.", "false", R"(many = true)"},
    {kArgTable, "default", KeyType::kStringOrList,
     "What it is when nothing is given. Without this key the argument must be given.", "",
     R"(default = ["tests"])"},

    {kToolTable, "pre-commit", KeyType::kString,
     "The `id` or `alias` of a hook in the .pre-commit-config.yaml beside this tasks.toml. The program is a "
     "Python package, installed in the version of the hook's `rev`, with its `additional_dependencies`, in "
     "an "
     "environment below `.devtask/tools` that all tasks with the same pins share and that comes first in the "
     "task's PATH. The words of the hook's `entry` and its `args` are `{{NAME-args}}`.",
     "", R"(pre-commit = "black")"},
    {kToolTable, "package", KeyType::kString,
     "The package's name on the package index, where it is not that of the hook's repository.",
     "the repository's name without `mirrors-` and `-pre-commit`", R"(package = "clang-format")"},
    {kToolTable, "distributions", KeyType::kBool,
     "What is installed in the Python environment of the program, names and versions, is a reason to run "
     "again. If a task with `cache = \"local\"` on which this one depends makes environments, those are "
     "looked at.",
     "false", R"(distributions = true)"},

    {kMigrationsTable, "models", KeyType::kStringList,
     "Patterns of the files with the models: a change of one is a reason to look for a new revision. "
     "Required.",
     "", R"(models = ["src/flows/database/models.py"])"},
    {kMigrationsTable, "versions", KeyType::kString,
     "The folder of the revisions. Placeholder: `dialect`. Required.", "",
     R"(versions = "src/flows/migrations/versions/{{dialect}}")"},
    {kMigrationsTable, "file-name", KeyType::kString,
     "A regular expression (Python's) that the whole name of a new revision file must match; `{rev}` in it "
     "is "
     "the revision.",
     "", R"(file-name = '\d{4}_\d{2}_\d{2}_\d{6}_{rev}_.+\.py')"},
    {kMigrationsTable, "inputs", KeyType::kStringList,
     "Patterns of what else decides what a revision does: the tool's configuration, the environment script, "
     "the template.",
     "[]", R"(inputs = ["src/flows/migrations/{env.py,script.py.mako}"])"},
    {kMigrationsTable, "revision", KeyType::kSteps,
     "How the tool writes the next revision. Placeholders: `root`, `dialect`, `name`. Required.", "",
     R"(revision = [["flows", "database", "revision", "--autogenerate", "-m", "{{name}}"]])"},
    {kMigrationsTable, "upgrade", KeyType::kSteps,
     "How it brings a database to a revision; without `{{revision}}` to the newest one. Placeholders: "
     "`root`, "
     "`dialect`, `revision`. Required.",
     "", R"(upgrade = [["flows", "database", "upgrade", "--to", "{{revision}}"]])"},
    {kMigrationsTable, "downgrade", KeyType::kSteps,
     "How it takes a database back to a revision. Placeholders: `root`, `dialect`, `revision`. Required.", "",
     R"(downgrade = [["flows", "database", "downgrade", "--to", "{{revision}}"]])"},
    {kMigrationsTable, "upgrade-sql", KeyType::kSteps,
     "How it prints the SQL of an upgrade instead of running it, for `devtask upgrade --sql`. Placeholders: "
     "`root`, `dialect`, `revision`.",
     "", R"(upgrade-sql = [["alembic", "upgrade", "--sql", "{{revision}}"]])"},
    {kMigrationsTable, "url-env", KeyType::kString,
     "The environment variable that tells the tool which database to connect to. Required.", "",
     R"(url-env = "FLOWS_DATABASE_URL")"},
    {kMigrationsTable, "dialects", KeyType::kDialects,
     "The database systems, by name, in the order in which they are named. Required.", "",
     R"(dialects.sqlite = { url = "sqlite:///{{scratch}}/db.sqlite" })"},
    {kMigrationsTable, "deps", KeyType::kStringList, "Tasks to bring up to date first.", "[]",
     R"(deps = ["venv"])"},
    {kMigrationsTable, "dir", KeyType::kString, "The folder in which the steps run.",
     "the folder of this file", R"(dir = "server")"},
    {kMigrationsTable, "env", KeyType::kStringMap,
     "Environment variables of the steps. Placeholders: `root`, `dialect`.", "{}",
     R"(env = { FLOWS_HOME = "{{root}}/.devtask/flows" })"},
    {kMigrationsTable, "notes", KeyType::kString,
     "A file that has an entry for each migration, with the revisions of all dialects; new ones stand at the "
     "top.",
     "", R"(notes = "src/flows/migrations/MIGRATION-NOTES.md")"},
    {kMigrationsTable, "format", KeyType::kString, "The task with `units` that formats new revisions.", "",
     R"(format = "format")"},

    {kDialectTable, "url", KeyType::kString,
     "How the tool is told to connect to a scratch database. Placeholders: `scratch`, a folder that is made "
     "and "
     "removed; with `server` instead `server`, which stands for user, address and name of a database. "
     "Required.",
     "", R"(url = "postgresql+asyncpg://{{server}}")"},
    {kDialectTable, "server", KeyType::kServer,
     "The server that devtask starts for it, on this machine only, and ends.", "none",
     R"(server = "postgresql")"},
    {kDialectTable, "around", KeyType::kStringList,
     "Two statements: the first and the last of each migration, in both directions.", "[]",
     R"(around = ["PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"])"},
    {kDialectTable, "label", KeyType::kString, "What the dialect is called in the notes.", "its name",
     R"(label = "Postgres")"},
    {kDialectTable, "rules-since", KeyType::kString,
     "`migrate check` holds its rules against the revisions after this one.", "",
     R"(rules-since = "f3df94dca3cc")"},

    {kPoolTable, "NAME", KeyType::kDepth, "How many tasks of this pool may run at a time.", "",
     R"(database = 1)"},
};

}  // namespace

std::span<const KeyInfo> all_keys() { return kKeys; }

const KeyInfo* find_key(std::string_view table, std::string_view name) {
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const KeyInfo& key) {
    return key.name == name && key.table == table && key.name != "NAME";
  });
  return found == std::end(kKeys) ? nullptr : found;
}

std::vector<std::string> key_names(std::string_view table) {
  std::vector<std::string> names;
  for (const KeyInfo& key : kKeys) {
    if (key.table == table && key.name != "NAME") names.emplace_back(key.name);
  }
  return names;
}

std::string_view expectation(KeyType type) {
  switch (type) {
    case KeyType::kString:
      return "a string";
    case KeyType::kBool:
      return "`true` or `false`";
    case KeyType::kBoolOrList:
      return "`true`, `false` or a list of strings";
    case KeyType::kStringList:
      return "a list of strings";
    case KeyType::kStringOrList:
      return "a string or a list of strings";
    case KeyType::kStringMap:
      return "a table of strings";
    case KeyType::kSteps:
      return "a string or a list of steps";
    case KeyType::kCacheMode:
      return "`yes`, `local` or `no`";
    case KeyType::kDuration:
      return "a time such as `90s`, `5m` or `1h30m`";
    case KeyType::kArgs:
      return "a list of tables";
    case KeyType::kMatrix:
      return "a table of lists of strings";
    case KeyType::kTools:
    case KeyType::kDialects:
      return "a table of tables";
    case KeyType::kDepth:
      return "an integer from 1";
    case KeyType::kEdits:
      return "`true` or a list of strings";
    case KeyType::kUses:
      return "`pytest`";
    case KeyType::kShell:
      return "`sh` or `bash`";
    case KeyType::kServer:
      return "`postgresql`";
    case KeyType::kTable:
      return "a table";
  }
  return "";
}

std::span<const std::string_view> default_ignore() { return kDefaultIgnore; }

}  // namespace devtask
