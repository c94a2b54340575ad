// The command line, a word a line, on a project of its own; and settings that have numbers in them.
#include <algorithm>

#include "cli/options.h"
#include "cli/session.h"
#include "config/load.h"
#include "input.h"
#include "plan/plan.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

const Project& project() {
  static const LoadedProject loaded = [] {
    const ScratchFolder folder;
    folder.write("tasks.toml", R"toml(
[project]
name = "shop"
[tasks.build]
aliases = ["b"]
run = "make {{target}} {{extra}}"
args = [{ name = "target", default = "all" }]
inputs = ["src/**"]
outputs = ["out/"]
[tasks.test]
deps = ["build"]
run = [["pytest", "{{paths}}"]]
args = [{ name = "first" }, { name = "paths", many = true, default = ["tests"] }]
inputs = ["tests/**"]
[tasks.schema]
matrix = { dialect = ["sqlite", "pg"], version = ["1", "2"] }
run = "make {{dialect}} {{version}} # end"
outputs = ["schema/{{dialect}}/{{version}}"]
inputs = ["src/**"]
[tasks.format]
run = "fmt"
inputs = ["src/**"]
edits = ["src/**"]
[tasks.all]
deps = ["build", "schema@pg,1", "format"]
)toml");
    return load_project(folder.path());
  }();
  require(loaded.ok(), "the project is read");
  return loaded.project;
}

bool is_in(const Strings& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void check_plan(const Plan& plan) {
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& task = plan.tasks[i];
    for (const auto* list : {&task.deps, &task.after}) {
      for (const TaskIndex dep : *list)
        require(dep < i, "dependencies come before their dependents", task.label);
    }
    require(plan.find(task.label) == &task && plan.find(task.id) == &task, "a task is found by its names",
            task.label);
    require(task.id == file_id(task.label), "an id is made of the label", task.label);
  }
}

void check_words(const Options& options) {
  auto request = read_request(project(), options.words, options.extra);
  if (!request) return;
  Strings words;
  for (const Request::Target& target : request->targets) {
    words.push_back(target.name);
    words.insert(words.end(), target.words.begin(), target.words.end());
  }
  require(words == options.words, "each word is a target or an argument of one");
  request->force = options.force;
  request->only = options.only;
  if (const auto plan = make_plan(project(), *request)) check_plan(*plan);
}

// What stands before the first word has no words.
void check_behind_first(const Options& options) {
  const Strings behind = behind_first_word(options);
  // Behind an unknown option known ones are still taken.
  if (options.words.empty() || options.words.front().starts_with('-')) return;
  require(behind.size() < options.typed.size(), "the first word is not behind itself");
  const auto first = options.typed.end() - static_cast<std::ptrdiff_t>(behind.size()) - 1;
  require(*first == options.words.front(), "the first word is known", *first);
  require(std::equal(behind.begin(), behind.end(), first + 1), "what is behind it is as it was typed",
          *first);
  const auto before = parse_options({options.typed.begin(), first});
  require(before && before->words.empty(), "no word stands before the first", *first);
}

void check(std::string_view text) {
  const Strings arguments = split(text, "\n");
  const auto options = parse_options(arguments);
  if (options) {
    require(options->jobs >= 0 && options->verbosity >= -1, "numbers are in their range");
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    const Strings behind(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
    require(options->extra == behind, "what comes after `--` is not looked at");
    for (const std::string& word : options->words) {
      // Of `-vx` the unknown `-x` is left.
      require(word.starts_with('-') || is_in(arguments, word), "words are as they were typed", word);
    }
    check_behind_first(*options);
    check_words(*options);
  }
  for (const std::string& word : arguments) {
    const auto limits = cache_limits({}, word, arguments.back());
    require(!limits || (limits->max_age.count() >= 0 && limits->max_age <= std::chrono::hours(24'000'000)),
            "an age is one of which there are as many milliseconds", word);
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
