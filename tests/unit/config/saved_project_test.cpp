#include "config/saved_project.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <filesystem>

#include "config/archive.h"
#include "config/project_fields.h"
#include "fields_alike.h"
#include "os/process.h"
#include "project_folder.h"

namespace devtask {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLater_ns = 10'000'000'000;

constexpr std::string_view kRoot = R"([project]
name = "rich"
requires = ">=0.1"
path = [".venv/bin"]
ignore = ["**/*.log"]
secrets = ["*_TOKEN"]
env = { HOME_OF = "{{root}}/x" }
env-inputs = ["RICH_*"]
env-pass = ["DISPLAY"]
include = ["tasks/*.toml"]
members = ["examples/*"]

[pools]
database = 2

[tasks.venv]
inputs = ["requirements*.txt", "!requirements-[ab]?.txt", "{x,y}/**"]
outputs = [".venv/"]
cache = "local"
witness = ".venv/pyvenv.cfg"
run = [["python3", "-m", "venv", ".venv"], "pip install {{extra}}"]
tools.node = { distributions = true }
tools.black = { pre-commit = "black" }

[tasks.test]
description = "Test"
deps = ["venv", "flows:schema@sqlite"]
run = "pytest {{paths}} {{{{x}}"
args = [{ name = "kind", default = "unit", help = "which" }, { name = "paths", many = true, default = [] }]
dir = "src"
env = { A = "{{kind}}" }
env-inputs = ["CI"]
env-pass = ["SSH_AUTH_SOCK"]
aliases = ["t"]
timeout = "1h30m"
pool = "database"
shell = "bash"
hidden = true
inputs = []
creates = ["notes/*.md"]
edits = ["src/**/*.py"]

[tasks.unit-test]
uses = "pytest"
units = ["tests/**/test_*.py"]
processes = 1

[tasks.unit-test-server]
extends = "unit-test"
units = ["tests/server/**/test_*.py"]

[tasks.format]
units = ["src/**/*.py"]
edits = true
run = [["black", "{{units}}"]]
check = [["black", "--check", "{{units}}"]]
)";

constexpr std::string_view kPreCommit = R"(repos:
- repo: https://github.com/psf/black
  rev: 23.1.0
  hooks:
  - id: black
    args: ['--preview']
)";

constexpr std::string_view kInclude = R"([tasks.new]
run = [["new", "{{title}}"]]
args = [{ name = "title" }]
interactive = true
)";

constexpr std::string_view kMember = R"([project]
name = "flows"
[tasks.schema]
run = [["make", "{{dialect}}"]]
matrix.dialect = ["sqlite", "postgresql"]
inputs = ["{{dialect}}/**", "common/**"]
commit = ["versions/{{dialect}}", "x"]
outputs = ["out/{{dialect}}.sql"]

[migrations.main]
deps = ["schema"]
dir = "server"
models = ["src/models.py"]
inputs = ["src/migrations/env.py"]
versions = "src/migrations/versions/{{dialect}}"
revision = [["flows", "revision", "-m", "{{name}}"]]
upgrade = [["flows", "upgrade", "{{revision}}"]]
downgrade = "flows downgrade {{revision}}"
upgrade-sql = "flows upgrade --sql {{revision}}"
file-name = "{rev}_.+"
url-env = "FLOWS_DATABASE_URL"
env = { FLOWS_HOME = "{{root}}/.flows" }
notes = "NOTES.md"
format = "schema"
dialects.sqlite = { url = "sqlite:///{{scratch}}/db", around = ["BEGIN", "END"], rules-since = "f3df94dca3cc" }
dialects.postgresql = { url = "postgresql://{{server}}", server = "postgresql", label = "Postgres" }
)";

// A project with an include, two members and something that is no member, read and saved as if that had been
// ten seconds from now. The program is a file beside it.
class SavedProjectTest : public testing::Test {
 protected:
  void SetUp() override {
    project_.write("tasks.toml", kRoot);
    project_.write(".pre-commit-config.yaml", kPreCommit);
    project_.write("tasks/a.toml", kInclude);
    project_.write("examples/flows/tasks.toml", kMember);
    project_.write("examples/other/tasks.toml", "[tasks.build]\nrun = \"x\"\n");
    project_.write("examples/none/README", "no tasks here\n");
    fs::create_symlink("../later.toml", root_ + "/tasks/dangling.toml");
    project_.write("examples/linked/README", "its tasks.toml leads nowhere\n");
    fs::create_symlink("../../later_member.toml", root_ + "/examples/linked/tasks.toml");
    project_.write(".devtask/program", "program 1");
    fresh_ = project_.load();
    for (const Diagnostic& each : fresh_.diagnostics) ADD_FAILURE() << render(each, false);
    save();
    ASSERT_TRUE(saved_.read());
    wait_for_another_time();
  }

  // Until the file system gives what is written another time than the project's files have: what is saved
  // here is younger than anything that would be saved.
  void wait_for_another_time() const {
    const std::int64_t last = stat_file(program_).ctime_ns;
    do {
      project_.write(".devtask/clock", "");
    } while (stat_file(root_ + "/.devtask/clock").ctime_ns == last);
  }

  void save() const { saved_.write(fresh_, now_ns() + kLater_ns); }
  std::string bytes() const { return read_file(path_).value_or("(not there)"); }

  // With the checksum that belongs to it.
  void put_archive(std::string_view archive) const {
    const std::uint64_t checksum = XXH3_64bits(archive.data(), archive.size());
    std::string file = bytes_.substr(0, 8);
    file.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    ASSERT_TRUE(write_file(path_, file.append(archive)));
  }

  ProjectFolder project_;
  const std::string& root_ = project_.root();
  std::string path_ = root_ + "/.devtask/project";
  std::string program_ = root_ + "/.devtask/program";
  SavedProject saved_{path_, root_, program_};
  LoadedProject fresh_;
  std::string bytes_;
};

TEST_F(SavedProjectTest, gives_every_field_back) {
  Census census;
  census.meet(fresh_.project);
  EXPECT_EQ(census.never_set(), std::set<std::string>()) << "the project of this test must use every field";
  const auto loaded = saved_.read();
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(same_everywhere(loaded->project, fresh_.project));
  EXPECT_TRUE(same_everywhere(loaded->looks, fresh_.looks));
  EXPECT_TRUE(loaded->diagnostics.empty());
  EXPECT_EQ(loaded->project.find("t"), loaded->project.find("test"));
}

TEST_F(SavedProjectTest, comparison_sees_a_difference_and_lost_sharing) {
  Project other = project_.load().project;
  EXPECT_TRUE(same_everywhere(other, fresh_.project));
  other.tasks[0].scope = std::make_shared<Scope>(*other.tasks[0].scope);
  EXPECT_FALSE(same_everywhere(other, fresh_.project));
  other = project_.load().project;
  other.tasks[1].args[1].where.column += 1;
  EXPECT_FALSE(same_everywhere(other, fresh_.project));
}

TEST_F(SavedProjectTest, points_at_the_same_places) {
  const auto loaded = saved_.read();
  ASSERT_TRUE(loaded);
  const auto pointed = [](const Project& project) {
    return render(error("here").at(project.find("new")->args[0].where), false);
  };
  EXPECT_EQ(pointed(loaded->project), pointed(fresh_.project));
  EXPECT_NE(pointed(fresh_.project).find("^"), std::string::npos);
}

TEST_F(SavedProjectTest, is_only_for_its_owner) { EXPECT_EQ(stat_file(path_).mode, 0600U); }

TEST_F(SavedProjectTest, stays_right_when_something_else_changes) {
  project_.write("src/a.py", "");
  project_.write("later.txt", "");
  project_.write("examples/flows/more.txt", "");
  EXPECT_TRUE(saved_.read());
}

struct Change {
  const char* name;
  void (*make)(const ProjectFolder&);
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

class ChangedProjectTest : public SavedProjectTest, public testing::WithParamInterface<Change> {};

TEST_P(ChangedProjectTest, is_noticed) {
  GetParam().make(project_);
  EXPECT_FALSE(saved_.read());
  const LoadedProject now = load_project(root_, path_, false);
  EXPECT_TRUE(same_everywhere(now.project, project_.load().project));
}

void edit_keeping_time_and_size(const ProjectFolder& project, const std::string& path) {
  const fs::path file = fs::path(project.root()) / path;
  const auto time = fs::last_write_time(file);
  std::string text = *read_file(file);
  text.back() = ' ';
  project.write(path, text);
  fs::last_write_time(file, time);
}

const Change kChanges[] = {
    {"tasks_toml_edited", [](const ProjectFolder& p) { p.write("tasks.toml", "[tasks.a]\nrun = \"a\"\n"); }},
    {"size_and_time_kept", [](const ProjectFolder& p) { edit_keeping_time_and_size(p, "tasks.toml"); }},
    {"include_edited", [](const ProjectFolder& p) { edit_keeping_time_and_size(p, "tasks/a.toml"); }},
    {"member_edited",
     [](const ProjectFolder& p) { edit_keeping_time_and_size(p, "examples/flows/tasks.toml"); }},
    {"include_added", [](const ProjectFolder& p) { p.write("tasks/b.toml", "[tasks.b]\nrun = \"b\"\n"); }},
    {"include_removed", [](const ProjectFolder& p) { fs::remove(p.root() + "/tasks/a.toml"); }},
    {"include_folder_removed", [](const ProjectFolder& p) { fs::remove_all(p.root() + "/tasks"); }},
    {"link_leads_somewhere_now",
     [](const ProjectFolder& p) { p.write("later.toml", "[tasks.later]\nrun = \"b\"\n"); }},
    {"link_to_a_members_tasks_leads_somewhere_now",
     [](const ProjectFolder& p) { p.write("later_member.toml", "[tasks.later]\nrun = \"b\"\n"); }},
    {"member_added",
     [](const ProjectFolder& p) { p.write("examples/new/tasks.toml", "[tasks.b]\nrun = \"b\"\n"); }},
    {"folder_becomes_a_member",
     [](const ProjectFolder& p) { p.write("examples/none/tasks.toml", "[tasks.b]\nrun = \"b\"\n"); }},
    {"member_removed", [](const ProjectFolder& p) { fs::remove_all(p.root() + "/examples/other"); }},
    {"member_renamed",
     [](const ProjectFolder& p) {
       fs::rename(p.root() + "/examples/other", p.root() + "/examples/renamed");
     }},
    {"replaced_by_a_copy",
     [](const ProjectFolder& p) {
       const fs::path file = p.root() + "/tasks.toml";
       const auto time = fs::last_write_time(file);
       fs::copy_file(file, p.root() + "/.devtask/copy");
       fs::last_write_time(p.root() + "/.devtask/copy", time);
       fs::rename(p.root() + "/.devtask/copy", file);
     }},
    {"program_changed", [](const ProjectFolder& p) { p.write(".devtask/program", "program 2"); }},
    {"program_gone", [](const ProjectFolder& p) { fs::remove(p.root() + "/.devtask/program"); }},
};
INSTANTIATE_TEST_SUITE_P(Changes, ChangedProjectTest, testing::ValuesIn(kChanges),
                         [](const auto& param) { return param.param.name; });

TEST_F(SavedProjectTest, belongs_to_one_root) {
  const std::string moved = root_ + "-moved";
  fs::rename(root_, moved);
  EXPECT_FALSE(SavedProject(moved + "/.devtask/project", moved, moved + "/.devtask/program").read());
  fs::rename(moved, root_);
  EXPECT_TRUE(saved_.read());
}

TEST_F(SavedProjectTest, is_not_there_when_any_byte_is_damaged_or_missing) {
  project_.write("tasks.toml", "[tasks.a]\nrun = \"a\"\n");
  fresh_ = project_.load();
  save();
  ASSERT_TRUE(saved_.read());
  const std::string bytes = this->bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ASSERT_TRUE(write_file(path_, damaged));
    EXPECT_FALSE(saved_.read()) << "byte " << i;
    ASSERT_TRUE(write_file(path_, bytes.substr(0, i)));
    EXPECT_FALSE(saved_.read()) << "cut at " << i;
  }
  ASSERT_TRUE(write_file(path_, bytes + '\0'));
  EXPECT_FALSE(saved_.read());
  fs::remove(path_);
  EXPECT_FALSE(saved_.read());
  fs::create_directory(path_);
  EXPECT_FALSE(saved_.read());
}

// What only someone who means it can write: the reader is defined on it all the same.
TEST_F(SavedProjectTest, is_read_safely_when_damage_has_the_right_checksum) {
  bytes_ = bytes();
  const std::string archive = bytes_.substr(16);
  for (std::size_t i = 0; i < archive.size(); ++i) {
    std::string damaged = archive;
    damaged[i] = static_cast<char>(damaged[i] ^ (i % 2 == 0 ? 0x01 : 0xff));
    put_archive(damaged);
    if (const auto loaded = saved_.read()) {
      EXPECT_EQ(loaded->project.root, root_);
      for (const Task& task : loaded->project.tasks) EXPECT_NE(task.scope, nullptr);
      for (const auto& [name, at] : loaded->project.index) EXPECT_LT(at, loaded->project.tasks.size());
    }
    put_archive(archive.substr(0, i));
    EXPECT_FALSE(saved_.read()) << "cut at " << i;
  }
  put_archive(archive + '\0');
  EXPECT_FALSE(saved_.read());
  put_archive(archive);
  EXPECT_TRUE(saved_.read());
}

TEST_F(SavedProjectTest, is_not_made_of_what_is_young) {
  fs::remove(path_);
  saved_.write(fresh_, fresh_.looks.front().stat.ctime_ns + 1'999'999'999);
  EXPECT_FALSE(fs::exists(path_));
  // One young file is enough.
  for (std::int64_t FileStat::*time : {&FileStat::mtime_ns, &FileStat::ctime_ns}) {
    LoadedProject one = fresh_;
    one.looks.back().stat.*time = now_ns() + kLater_ns;
    saved_.write(one, now_ns() + kLater_ns);
    EXPECT_FALSE(fs::exists(path_));
  }
  save();
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(SavedProjectTest, is_not_made_of_what_changed_while_it_was_read) {
  edit_keeping_time_and_size(project_, "tasks/a.toml");
  save();  // the looks are from before
  EXPECT_FALSE(saved_.read());
}

TEST_F(SavedProjectTest, is_not_made_while_there_is_something_to_say) {
  fs::remove(path_);
  fresh_.diagnostics.push_back(warning("told each time"));
  save();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(SavedProjectTest, does_not_make_its_folder) {
  fs::remove_all(root_ + "/.devtask");
  project_.write("program", "program 1");
  SavedProject(path_, root_, root_ + "/program").write(fresh_, now_ns() + kLater_ns);
  EXPECT_FALSE(fs::exists(root_ + "/.devtask"));
}

TEST_F(SavedProjectTest, of_no_program_is_not_made) {
  fs::remove(path_);
  SavedProject(path_, root_, root_ + "/.devtask/absent").write(fresh_, now_ns() + kLater_ns);
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace devtask
