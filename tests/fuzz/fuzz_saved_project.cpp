// A saved project: a file that others may have written, one that was written and damaged, and what a project
// is after it was saved. First a byte, which says what the rest is: the file; the archive of a Project behind
// its root, to which all that stands before is put; places (two bytes) in such an archive and what is written
// over them (a byte); or a tasks.toml.
#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "base/version.h"
#include "config/archive.h"
#include "config/matrix.h"
#include "config/project_fields.h"
#include "config/saved_project.h"
#include "input.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTPROJ01", kPath = ".devtask/project";
constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view kGood = R"toml([project]
name = "shop"
path = [".venv/bin"]
ignore = ["**/*.log"]
secrets = ["*_TOKEN"]
env = { HOME_OF = "{{root}}/x" }
env-inputs = ["SHOP_*"]
[pools]
database = 2
[tasks.build]
aliases = ["b"]
run = [["make", "{{target}}"], "sort {{{{ <in >out"]
args = [{ name = "target", default = "all", help = "which" }, { name = "more", many = true, default = [] }]
inputs = ["src/**", "!src/[ab]?.c", "{x,y}/*.h"]
outputs = ["out/"]
timeout = "1m"
tools.make = {}
[tasks.schema]
deps = ["build"]
run = "make {{dialect}} {{extra}}"
matrix.dialect = ["sqlite", "pg"]
inputs = ["{{dialect}}/**"]
outputs = ["schema/{{dialect}}"]
pool = "database"
)toml";

struct Place {
  ScratchFolder folder;
  std::string path = folder / kPath, program = folder / ".devtask/program";
  SavedProject saved{path, folder.path(), program};
  std::string before;  // what stands in an archive before the fields of the Project but its root

  Place() {
    folder.write(".devtask/program", "program");
    ArchiveWriter writer;
    writer.put(std::string(kVersion));
    writer.put(stat_followed(program));
    writer.put(std::vector<Look>{});
    writer.put(folder.path());
    before = writer.bytes();
  }
  void put_archive(std::string_view archive) const {
    std::string file(kMagic);
    const std::uint64_t checksum = XXH3_64bits(archive.data(), archive.size());
    file.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
    folder.write(kPath, file.append(archive));
  }
  // A saved Project behind its root.
  std::string archive_of(const Project& project) const {
    ArchiveWriter writer;
    writer.put(project);
    ArchiveWriter root;
    root.put(project.root);
    return writer.bytes().substr(root.bytes().size());
  }
};

// What is used of a project must be defined, whatever it says.
void use(const Project& project) {
  const auto check_globs = [](const GlobList& globs) {
    for (const std::string& path : globs.literals()) (void)globs.matches(path);
    for (const std::string& folder : globs.roots()) (void)globs.may_match_below(folder);
    (void)globs.matches("src/a.c");
    (void)globs.covers_all_below("src");
    (void)globs.may_overlap(globs);
  };
  const auto expand = [](const Template& text) {
    (void)text.expand([](std::string_view name) { return std::string(name); });
    (void)text.sole_placeholder();
  };
  (void)project.find("build");
  check_globs(project.scope->ignore);
  for (const auto& [name, at] : project.index)
    require(project.find(name) == &project.tasks[at], "a name leads to its task", name);
  for (const Task& task : project.tasks) {
    (void)render(error("here").at(task.where), false);
    check_globs(task.scope->ignore);
    for (const auto* patterns : {&task.outputs, &task.creates, &task.edits}) check_globs(patterns->globs);
    if (task.inputs) check_globs(task.inputs->globs);
    for (const Placed<Template>& dep : task.deps) expand(dep.value);
    for (const Step& step : task.run) std::for_each(step.words.begin(), step.words.end(), expand);
  }
}

// What is read is written and read again as the same.
void check_read(const Place& place) {
  const auto loaded = place.saved.read();
  if (!loaded) return;
  use(loaded->project);
  const std::string once = place.archive_of(loaded->project);
  place.put_archive(place.before + once);
  const auto again = place.saved.read();
  require(again.has_value(), "what was read can be read again");
  // But for the order of the names, which are hashed.
  require(place.archive_of(again->project).size() == once.size(), "and is the same");
}

void check_toml(const Place& place, std::string_view text) {
  place.folder.write("tasks.toml", text);
  const LoadedProject fresh = load_project(place.folder.path());
  (void)remove_file(place.path);
  place.saved.write(fresh, kEver);
  const auto loaded = place.saved.read();
  require(loaded.has_value() == fresh.diagnostics.empty(), "saved is what there is nothing to say about");
  if (!loaded) return;
  Project one = loaded->project, other = fresh.project;
  require(one.index == other.index, "names are as they were");
  one.index.clear();
  other.index.clear();
  require(place.archive_of(one) == place.archive_of(other), "a project that was saved is as it was");
  for (const Task& task : loaded->project.tasks) (void)matrix_rows(task.matrix);
  use(loaded->project);
}

void check(Input input) {
  static const Place place;
  static const std::string good = [] {
    place.folder.write("tasks.toml", kGood);
    const LoadedProject loaded = load_project(place.folder.path());
    require(loaded.ok(), "the project is read");
    return place.archive_of(loaded.project);
  }();
  enum Mode : std::uint8_t { kRaw, kMended, kDamaged, kToml };
  switch (input.byte() % 4) {
    case kRaw:
      place.folder.write(kPath, input.rest());
      break;
    case kMended:
      place.put_archive(place.before + std::string(input.rest()));
      break;
    case kDamaged: {
      std::string damaged = good;
      while (!input.empty()) {
        const std::size_t at = input.number() % damaged.size();
        damaged[at] = static_cast<char>(input.byte());
      }
      place.put_archive(place.before + damaged);
      require(damaged != good || place.saved.read(), "a whole one is read");
      break;
    }
    default:
      return check_toml(place, input.rest());
  }
  check_read(place);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
