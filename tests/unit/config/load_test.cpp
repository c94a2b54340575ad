#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "project_folder.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Placed<std::string>>& placed) {
  std::vector<std::string> texts;
  for (const auto& one : placed) texts.push_back(one.value);
  return texts;
}

std::string text(const Template& value) {
  std::string text;
  for (const Template::Part& part : value.parts())
    text += part.placeholder ? "<" + part.text + ">" : part.text;
  return text;
}

std::vector<std::string> dep_texts(const Task& task) {
  std::vector<std::string> texts;
  for (const auto& dep : task.deps) texts.push_back(text(dep.value));
  return texts;
}

std::string place(const Span& where) {
  return where.file->path + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

constexpr std::string_view kEverything = R"(#:schema devtask.schema.json
[project]
name = "prefect"
requires = ">=0.1"
path = [".venv/bin", "ui/node_modules/.bin/"]
ignore = ["**/*.log"]
secrets = ["*_TOKEN"]
env = { PREFECT_HOME = "{{root}}/.devtask/{{ task }}" }
env-inputs = ["PREFECT_*"]
env-pass = ["SSH_AUTH_SOCK"]
shell = "bash"

[pools]
database = 2

[tasks.venv]
description = "Create the virtual environment"
run = [["python3", "-m", "venv", ".venv"], ".venv/bin/pip install -e '.[dev]'"]
inputs = ["setup.py", "requirements*.txt", "!requirements-old.txt"]
outputs = [".venv/"]
cache = "local"
witness = ".venv/pyvenv.cfg"
tools.node = {}
tools."python3.11" = {}

[tasks.test]
deps = ["venv", "schema@sqlite,1", "s"]
run = "pytest {{paths}} {{extra}} {{{{x}} ${HOME}"
args = [
  { name = "kind", default = "unit", help = "which ones" },
  { name = "paths", many = true, default = ["tests"] },
]
dir = "./src/"
env = { A = "{{kind}}" }
env-inputs = ["CI"]
env-pass = ["DISPLAY"]
aliases = ["t"]
timeout = "1h30m"
pool = "database"
shell = "sh"
hidden = true
inputs = []
commit = true
creates = ["notes/*.md"]
edits = ["src/**/*.py"]

[tasks.new]
run = [["new", "{{title}}", "{{extra}}"]]
args = [{ name = "title" }]
interactive = true

[tasks.schema]
aliases = ["s"]
run = [["make", "{{dialect}}.{{v}}"]]
matrix.dialect = ["sqlite", "postgresql"]
matrix.v = ["1", "2"]
inputs = ["{{dialect}}/**", "common/**"]
outputs = ["out/{{dialect}}/{{v}}.sql"]
commit = ["./versions/{{dialect}}", "common"]
cache = "no"
dir = "{{dialect}}"

[tasks.all]
deps = ["test"]
)";

TEST(Load, reads_the_project_table) {
  const ProjectFolder folder(kEverything);
  const LoadedProject loaded = folder.load();
  EXPECT_EQ(folder.complaints(), "");
  ASSERT_TRUE(loaded.ok());
  const Project& project = loaded.project;
  EXPECT_EQ(project.root, folder.root());
  EXPECT_EQ(project.requires_version, ">=0.1");
  EXPECT_THAT(project.pools, ElementsAre(std::pair("database", 2)));
  EXPECT_THAT(project.files, ElementsAre("tasks.toml"));
  EXPECT_THAT(project.folders, IsEmpty());
  const Scope& scope = *project.scope;
  EXPECT_EQ(scope.name, "prefect");
  EXPECT_EQ(scope.base, "");
  EXPECT_THAT(scope.path, ElementsAre(".venv/bin", "ui/node_modules/.bin"));
  EXPECT_THAT(scope.secrets, ElementsAre("*_TOKEN"));
  EXPECT_EQ(text(scope.env.at("PREFECT_HOME").value), "<root>/.devtask/<task>");
  EXPECT_THAT(texts(scope.env_inputs), ElementsAre("PREFECT_*"));
  EXPECT_THAT(texts(scope.env_pass), ElementsAre("SSH_AUTH_SOCK"));
  for (const char* path :
       {"a/b.log", ".git/HEAD", ".devtask/memo", "a/__pycache__/x", "x.pyc", "a/.x.swp", "a~"}) {
    EXPECT_TRUE(scope.ignore.matches(path)) << path;
  }
  EXPECT_FALSE(scope.ignore.matches("a/b.py"));
}

TEST(Load, reads_every_key_of_tasks) {
  const ProjectFolder folder(kEverything);
  const Project project = folder.load().project;
  ASSERT_EQ(project.tasks.size(), 5u);

  const Task& venv = project.tasks[0];
  EXPECT_EQ(venv.name, "venv");
  EXPECT_EQ(venv.local, "venv");
  EXPECT_EQ(place(venv.where), "tasks.toml:16:8");
  EXPECT_EQ(venv.description, "Create the virtual environment");
  ASSERT_EQ(venv.run.size(), 2u);
  EXPECT_FALSE(venv.run[0].shell);
  EXPECT_EQ(venv.run[0].words.size(), 4u);
  EXPECT_EQ(text(venv.run[0].words[3]), ".venv");
  EXPECT_TRUE(venv.run[1].shell);
  EXPECT_EQ(text(venv.run[1].words[0]), ".venv/bin/pip install -e '.[dev]'");
  EXPECT_EQ(place(venv.run[1].where), "tasks.toml:18:44");
  EXPECT_EQ(venv.shell, "bash");
  ASSERT_TRUE(venv.inputs);
  EXPECT_THAT(texts(venv.inputs->written),
              ElementsAre("setup.py", "requirements*.txt", "!requirements-old.txt"));
  EXPECT_TRUE(venv.inputs->globs.matches("requirements-dev.txt"));
  EXPECT_FALSE(venv.inputs->globs.matches("requirements-old.txt"));
  EXPECT_EQ(place(venv.inputs->written[1].where), "tasks.toml:19:23");
  EXPECT_TRUE(venv.outputs.globs.matches(".venv/pyvenv.cfg"));
  EXPECT_EQ(venv.cache, CacheMode::kLocal);
  EXPECT_EQ(venv.witness->value, ".venv/pyvenv.cfg");
  ASSERT_EQ(venv.tools.size(), 2u);
  EXPECT_EQ(venv.tools[1].name, "python3.11");

  const Task& test = project.tasks[1];
  EXPECT_THAT(dep_texts(test), ElementsAre("venv", "schema@sqlite,1", "s"));
  EXPECT_EQ(text(test.run[0].words[0]), "pytest <paths> <extra> {{x}} ${HOME}");
  ASSERT_EQ(test.args.size(), 2u);
  EXPECT_EQ(test.args[0].name, "kind");
  EXPECT_EQ(test.args[0].help, "which ones");
  EXPECT_FALSE(test.args[0].many);
  EXPECT_THAT(*test.args[0].defaults, ElementsAre("unit"));
  EXPECT_TRUE(test.args[1].many);
  EXPECT_THAT(*test.args[1].defaults, ElementsAre("tests"));
  EXPECT_EQ(test.dir.value, "src");
  EXPECT_EQ(text(test.env.at("A").value), "<kind>");
  EXPECT_THAT(texts(test.env_inputs), ElementsAre("CI"));
  EXPECT_THAT(texts(test.env_pass), ElementsAre("DISPLAY"));
  EXPECT_THAT(test.aliases, ElementsAre("t"));
  EXPECT_EQ(test.timeout, std::chrono::minutes(90));
  EXPECT_EQ(test.pool, "database");
  EXPECT_EQ(test.shell, "sh");
  EXPECT_TRUE(test.hidden);
  ASSERT_TRUE(test.inputs);
  EXPECT_TRUE(test.inputs->written.empty());
  ASSERT_TRUE(test.commit);
  EXPECT_THAT(*test.commit, IsEmpty());
  EXPECT_THAT(texts(test.creates.written), ElementsAre("notes/*.md"));
  EXPECT_THAT(texts(test.edits.written), ElementsAre("src/**/*.py"));
  EXPECT_EQ(test.cache, CacheMode::kYes);

  const Task& created = project.tasks[2];
  EXPECT_FALSE(created.inputs);
  EXPECT_FALSE(created.args[0].defaults);
  EXPECT_FALSE(created.commit);
  EXPECT_TRUE(created.interactive);
  EXPECT_EQ(created.cache, CacheMode::kNo);
  EXPECT_EQ(created.dir.value, "");
  EXPECT_FALSE(created.timeout);

  const Task& schema = project.tasks[3];
  ASSERT_EQ(schema.matrix.size(), 2u);
  EXPECT_EQ(schema.matrix[0].name, "dialect");
  EXPECT_THAT(schema.matrix[0].values, ElementsAre("sqlite", "postgresql"));
  EXPECT_TRUE(schema.inputs->templated);
  ASSERT_TRUE(schema.commit);
  EXPECT_THAT(texts(*schema.commit), ElementsAre("versions/{{dialect}}", "common"));
  EXPECT_THAT(texts(schema.inputs->written), ElementsAre("{{dialect}}/**", "common/**"));
  EXPECT_EQ(schema.dir.value, "{{dialect}}");

  EXPECT_TRUE(project.tasks[4].run.empty());
}

TEST(Load, finds_tasks_by_name_and_alias) {
  const ProjectFolder folder(kEverything);
  Project project = folder.load().project;
  for (const bool indexed : {true, false}) {
    EXPECT_EQ(project.find("test"), &project.tasks[1]);
    EXPECT_EQ(project.find("t"), &project.tasks[1]);
    EXPECT_EQ(project.find("tes"), nullptr);
    if (indexed) project.index.clear();
  }
}

TEST(Load, joins_included_files) {
  const ProjectFolder folder(
      "[project]\ninclude = [\"tasks/*.toml\", \"extra.toml\", \"tasks/a.toml\"]\n"
      "[tasks.all]\ndeps = [\"a\", \"b\", \"x\"]\n");
  folder.write("tasks/b.toml",
               "[tasks.b]\nrun = \"b\"\ninputs = [\"src/b\"]\npool = \"p\"\n[pools]\np = 1\n");
  folder.write("tasks/a.toml", "[tasks.a]\nrun = \"a\"\n");
  folder.write("tasks/.hidden.toml", "[tasks.hidden]\nrun = \"a\"\n");
  folder.write("tasks/a.txt", "no");
  folder.write("extra.toml", "[tasks.x]\nrun = \"x\"\n");
  EXPECT_EQ(folder.complaints(), "");
  const Project project = folder.load().project;
  EXPECT_THAT(project.files, ElementsAre("tasks.toml", "tasks/a.toml", "tasks/b.toml", "extra.toml"));
  EXPECT_THAT(project.folders, ElementsAre("tasks"));
  ASSERT_EQ(project.tasks.size(), 4u);
  EXPECT_EQ(place(project.find("b")->where), "tasks/b.toml:1:8");
  EXPECT_THAT(texts(project.find("b")->inputs->written), ElementsAre("src/b"));
  EXPECT_EQ(project.pools.at("p"), 1);
}

TEST(Load, steps_of_migrations_look_at_the_commit_of_their_revisions) {
  const ProjectFolder folder("[project]\nmembers = ['m']\n");
  folder.write("m/tasks.toml", R"([migrations.main]
models = ["models.py"]
versions = "./[{{{{]/{{dialect}}"
revision = "x"
upgrade = "x"
downgrade = "x"
url-env = "URL"
dialects.sqlite = { url = "{{scratch}}/x" }
)");
  const LoadedProject loaded = folder.load();
  EXPECT_EQ(folder.complaints(), "");
  ASSERT_EQ(loaded.project.tasks.size(), 4u);
  for (const Task& task : loaded.project.tasks) {
    ASSERT_TRUE(task.commit) << task.name;
    EXPECT_THAT(texts(*task.commit), ElementsAre("m/[{{{{]/sqlite")) << "a template that stands for itself";
  }
}

TEST(Load, joins_members_under_their_names) {
  const ProjectFolder folder(R"([project]
members = ["examples/*", "[docs]*"]
ignore = ["**/*.log"]
secrets = ["*_TOKEN"]
[pools]
db = 1
net = 3
[tasks.venv]
run = "venv"
outputs = ["build/"]
[tasks.all]
deps = ["flows:test", "f:t"]
)");
  folder.write("examples/README.md", "");
  folder.write("examples/none/x.txt", "");
  folder.write("examples/f/tasks.toml", "[tasks.t]\nrun = \"t\"\n");
  folder.write("examples/my [x] 日本/tasks.toml", R"([project]
name = "flows"
include = ["more.toml"]
path = ["bin"]
ignore = ["tmp/**"]
secrets = ["PW"]
[pools]
db = 2
[tasks.test]
aliases = ["tt"]
run = "x"
deps = ["build", ":venv", "f:t"]
inputs = ["src/**", "!src/x", "../shared/*.py", "../../build/x"]
outputs = ["out/"]
dir = "sub"
pool = "db"
[tasks.group]
deps = ["test"]
)");
  folder.write("examples/my [x] 日本/more.toml", "[tasks.build]\nrun = \"b\"\npool = \"net\"\n");
  EXPECT_EQ(folder.complaints(), R"(warning: `members` of `[project]`: `[docs]*` matches nothing
  --> tasks.toml:2:26
2 | members = ["examples/*", "[docs]*"]
  |                          ^^^^^^^^^
)");
  const LoadedProject loaded = folder.load();
  EXPECT_TRUE(loaded.ok());
  const Project& project = loaded.project;
  const std::string base = "examples/my [x] 日本";
  EXPECT_THAT(project.files,
              ElementsAre("tasks.toml", "examples/f/tasks.toml", base + "/tasks.toml", base + "/more.toml"));
  EXPECT_THAT(project.folders, ElementsAre("", "examples", "examples/none/tasks.toml"));
  EXPECT_EQ(project.pools, (std::map<std::string, int>{{"db", 1}, {"flows:db", 2}, {"net", 3}}));

  const Task* test = project.find("flows:test");
  ASSERT_NE(test, nullptr);
  EXPECT_EQ(project.find("flows:tt"), test);
  EXPECT_EQ(test->local, "test");
  EXPECT_EQ(test->pool, "flows:db");
  EXPECT_EQ(project.find("flows:build")->pool, "net");
  EXPECT_THAT(dep_texts(*test), ElementsAre("flows:build", "venv", "f:t"));
  EXPECT_EQ(test->dir.value, base + "/sub");
  EXPECT_EQ(project.find("flows:build")->dir.value, base);
  EXPECT_TRUE(test->inputs->globs.matches(base + "/src/a.py"));
  EXPECT_FALSE(test->inputs->globs.matches(base + "/src/x"));
  EXPECT_TRUE(test->inputs->globs.matches("examples/shared/a.py"));
  EXPECT_TRUE(test->outputs.globs.matches(base + "/out/a"));

  const Scope& scope = *test->scope;
  EXPECT_EQ(scope.name, "flows");
  EXPECT_EQ(scope.base, base);
  EXPECT_THAT(scope.path, ElementsAre(base + "/bin"));
  EXPECT_THAT(scope.secrets, ElementsAre("*_TOKEN", "PW"));
  for (const std::string path : {"/a.log", "/tmp/x", "/.git/x", "/.devtask/x", "/a/x.pyc"}) {
    EXPECT_TRUE(scope.ignore.matches(base + path)) << path;
  }
  EXPECT_EQ(project.find("f:t")->scope->name, "f");
}

TEST(Load, takes_names_with_blanks_and_unicode_in_paths) {
  const ProjectFolder folder(R"([tasks.t]
run = "x"
inputs = ["ein Ordner/日本 語/*.py", 'a\[b\]']
outputs = ["aus gabe/ü"]
dir = "mein Ordner"
)");
  EXPECT_EQ(folder.complaints(), "");
  const Project project = folder.load().project;
  EXPECT_TRUE(project.tasks[0].inputs->globs.matches("ein Ordner/日本 語/a.py"));
  EXPECT_TRUE(project.tasks[0].inputs->globs.matches("a[b]"));
  EXPECT_EQ(project.tasks[0].dir.value, "mein Ordner");
}

TEST(Load, resolves_dots_in_paths) {
  const ProjectFolder folder(
      "[tasks.t]\nrun = \"x\"\ninputs = [\"./a\", \"b/../c/\", \"!./c//d\", \".\"]\ndir = \"a/..\"\n");
  EXPECT_EQ(folder.complaints(), "");
  const Project project = folder.load().project;
  EXPECT_THAT(texts(project.tasks[0].inputs->written), ElementsAre("a", "c/", "!c/d", "**"));
  EXPECT_EQ(project.tasks[0].dir.value, "");
}

TEST(Load, takes_windows_lines_and_a_byte_order_mark) {
  const ProjectFolder folder("\xef\xbb\xbf[tasks.t]\r\nrun = 'x'\r\nrum = 'x'\r\n");
  EXPECT_EQ(folder.complaints(), R"(error: unknown key `rum` in task `t`
  --> tasks.toml:3:1
3 | rum = 'x'
  | ^^^
  help: did you mean `run`?
)");
}

TEST(Load, takes_an_empty_file) {
  const ProjectFolder folder("");
  EXPECT_EQ(folder.complaints(), "");
  EXPECT_TRUE(folder.load().project.tasks.empty());
}

TEST(Load, complains_about_text_that_is_not_utf8) {
  const ProjectFolder folder("[tasks.t]\nrun = \"\xff\"\n");
  const LoadedProject loaded = folder.load();
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(loaded.diagnostics[0].message, "not valid TOML: encountered invalid utf-8 sequence");
  EXPECT_FALSE(loaded.ok());
}

TEST(Load, complains_about_a_missing_file) {
  const ProjectFolder folder;
  const LoadedProject loaded = folder.load();
  EXPECT_FALSE(loaded.ok());
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(loaded.diagnostics[0].message,
            "cannot open `" + folder.root() + "/tasks.toml`: No such file or directory");
}

// A chain with outputs in folders of their own: what a check of all pairs of tasks would be slow on.
TEST(Load, reads_a_thousand_tasks) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    text += "[tasks.t" + number + "]\nrun = \"x\"\noutputs = [\"out/" + number + "/\"]\n";
    if (i > 0) text += "deps = [\"t" + std::to_string(i - 1) + "\"]\n";
    text += "inputs = [\"common/**\"";
    for (int k = 0; k < 20; ++k) text += ", \"src/" + number + "/" + std::to_string(k) + "/**/*.py\"";
    if (i > 0) text += ", \"out/" + std::to_string(i - 1) + "/**\", \"out/0/x\"";
    text += "]\n";
  }
  const ProjectFolder folder(text);
  const LoadedProject loaded = folder.load();
  EXPECT_TRUE(loaded.diagnostics.empty());
  EXPECT_EQ(loaded.project.tasks.size(), 1000u);
}

TEST(Load, gives_the_same_order_whatever_the_names) {
  const ProjectFolder folder(
      "[tasks.z]\nrun = \"x\"\n[tasks.a]\nrun = \"x\"\n[tasks.z.env]\nB = \"1\"\nA = \"2\"\n");
  const Project project = folder.load().project;
  ASSERT_EQ(project.tasks.size(), 2u);
  EXPECT_EQ(project.tasks[0].name, "z");
  EXPECT_EQ(project.tasks[1].name, "a");
}

TEST(FindProjectRoot, takes_the_nearest_folder_upward) {
  const ProjectFolder folder("");
  folder.write("a/tasks.toml", "");
  folder.write("a/b/c/x", "");
  folder.write("d/e/x", "");
  EXPECT_EQ(find_project(folder.root() + "/a/b/c")->root, folder.root() + "/a");
  EXPECT_EQ(find_project(folder.root() + "/a/")->root, folder.root() + "/a");
  EXPECT_EQ(find_project(folder.root() + "/d/e")->root, folder.root());
}

TEST(FindProjectRoot, offers_to_make_a_file) {
  const auto found = find_project("/proc");
  ASSERT_FALSE(found);
  EXPECT_EQ(render(found.error(), false),
            "error: there is no tasks.toml in `/proc` or in a folder above it\n"
            "  help: `devtask init` writes a first one\n");
}

}  // namespace
}  // namespace devtask
