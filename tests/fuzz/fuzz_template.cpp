// Placeholders, paths as people write them, and steps: the values of placeholders never become part of a
// script or change how an argument list is cut. First line: a path; the others: steps, shell steps but for
// those that begin with `[`, whose words are separated by blanks.
#include <algorithm>
#include <map>

#include "action/action_result.h"
#include "base/template.h"
#include "config/paths.h"
#include "input.h"
#include "plan/steps.h"
#include "require.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kRoot = "/the root";

// The text of a template again, from its parts.
std::string written(const Template& text) {
  std::string all;
  for (const Template::Part& part : text.parts()) {
    all += part.placeholder ? "{{" + part.text + "}}" : escape_template(part.text);
  }
  return all;
}

bool same_parts(const Template& a, const Template& b) {
  return std::equal(a.parts().begin(), a.parts().end(), b.parts().begin(), b.parts().end(),
                    [](const Template::Part& one, const Template::Part& other) {
                      return one.placeholder == other.placeholder && one.text == other.text;
                    });
}

void check_template(const std::string& text) {
  const auto itself = Template::parse(escape_template(text));
  require(itself && itself->expand([](std::string_view) { return "?"; }) == text,
          "an escaped text stands for itself", text);
  const auto parsed = Template::parse(text);
  if (!parsed) return;
  std::size_t before = 0;
  for (const Template::Part& part : parsed->parts()) {
    require(part.offset >= before && part.offset < text.size(), "parts lie in the text, in its order", text);
    require(!part.text.empty(), "no part is empty", text);
    before = part.offset;
  }
  const auto again = Template::parse(written(*parsed));
  require(again && same_parts(*parsed, *again), "a template that is written again is the same", text);
  require(has_placeholder(text) || parsed->sole_placeholder().empty(), "what has a placeholder looks so",
          text);
}

void check_path(const std::string& text) {
  for (const std::string_view base : {"", "a", "a/b"}) {
    const auto placed = place_path(base, text);
    if (!placed || text.find('\0') != std::string::npos) continue;
    std::string_view path = *placed;
    if (path.ends_with('/')) path.remove_suffix(1);
    require(path.empty() || is_safe_relative_path(path), "a path lies in the project", *placed);
    if (path.empty()) continue;
    const auto again = place_path("", *placed);
    // Resolving may bring `..` and a wildcard of the text together only in the text that was given.
    require(again && *again == *placed, "a placed path stays where it is", *placed);
  }
}

Task task_of(const Strings& lines, const std::string& shell) {
  Task task;
  task.shell = shell;
  for (const std::string& line : lines) {
    Step step;
    step.shell = !line.starts_with('[');
    for (const std::string& word : step.shell ? Strings{line} : split(line.substr(1), " ")) {
      if (auto text = Template::parse(word)) step.words.push_back(std::move(*text));
    }
    if (!step.words.empty()) task.run.push_back(std::move(step));
  }
  return task;
}

Values values_of(const std::string& one, const Strings& list, const Strings& extra) {
  Values values;
  values.set("root", {std::string(kRoot)}, false);
  values.set("task", {"task"}, false);
  values.set("x", {one}, false);
  values.set("list", list, true);
  values.set("extra", extra, true);
  return values;
}

std::size_t count_of(const Template& text, const Values& values) {
  std::size_t count = 0;
  for (const Template::Part& part : text.parts()) {
    if (part.placeholder) count += values.is_list(part.text) ? values.words(part.text).size() : 1;
  }
  return count;
}

void check_steps(const Task& task, const Values& values, const Values& others) {
  (void)swallows_extra(task, values);
  if (hides_placeholder(task) != nullptr) return;  // it is refused
  const auto steps = plan_steps(task, task.run, values), other_steps = plan_steps(task, task.run, others);
  require(steps.size() == task.run.size(), "each step is planned");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = task.run[i];
    const auto &argv = steps[i].argv, &other = other_steps[i].argv;
    require(argv.size() == other.size(), "the length of an argument list does not depend on what words hold");
    require(steps[i].key.find(kRoot) == std::string::npos, "no key holds the place of the project",
            steps[i].key);
    if (!step.shell) continue;
    const auto script = std::find(argv.begin(), argv.end(), "-c");
    require(script != argv.end(), "a shell step is a script for a shell");
    const auto at = static_cast<std::size_t>(script - argv.begin()) + 1;
    require(argv[at] == other[at], "a script does not depend on values", argv[at]);
    const std::size_t given = argv.size() - at - 2;
    const bool appended = i + 1 == steps.size() && given != count_of(step.words[0], values);
    require(given == count_of(step.words[0], values) + (appended ? values.words("extra").size() : 0),
            "each value is a parameter", argv[at]);
    require(steps[i].key == other_steps[i].key || given > 0, "keys differ by their values only",
            steps[i].key);
  }
}

// Of argument lists, of which no part is a program of its own.
void check_keys(const Task& task) {
  Values values = values_of("{{root}}", {"{{root}}", "a b"}, {"{{{{root}}"});
  const auto steps = plan_steps(task, task.run, values);
  std::map<std::string, Strings> known;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (task.run[i].shell) continue;
    const auto [same, added] = known.try_emplace(steps[i].key, steps[i].argv);
    require(added || same->second == steps[i].argv, "steps with the same key are the same", steps[i].key);
  }
}

void check(std::string_view text) {
  if (text.find(kRoot.substr(0, 5)) != std::string_view::npos) return;  // libFuzzer finds it out
  const Strings lines = split(text, "\n");
  check_path(lines.front());
  check_template(std::string(text));
  for (const std::string& line : lines) check_template(line);
  const Values harmless = values_of("x", {"a", "b"}, {"c"});
  const Values hostile = values_of("';touch x;'$(touch x)`touch x`\"\n", {"", "$(touch x)"}, {"\n#'\""});
  const Values none = values_of("", {}, {});
  for (const std::string shell : {"sh", "bash"}) {
    for (const bool together : {false, true}) {
      const Task task = together ? task_of({std::string(text)}, shell) : task_of(lines, shell);
      check_steps(task, harmless, hostile);
      check_steps(task, none, none);
      check_keys(task);
    }
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
