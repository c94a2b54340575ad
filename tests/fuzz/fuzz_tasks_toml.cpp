// tasks.toml with its includes and members: the text of the root's, then for each other file a line `---
// path` and its text. Every mistake is explained at a place in the file, and what is accepted can be planned
// and stays in the project.
#include <algorithm>

#include "action/action_result.h"
#include "config/load.h"
#include "config/matrix.h"
#include "config/paths.h"
#include "input.h"
#include "plan/plan.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

constexpr std::size_t kMostFiles = 8;

void write_files(const ScratchFolder& folder, std::string_view text) {
  folder.clear();
  const std::vector<std::string> pieces = split(text, "\n--- ");
  folder.write("tasks.toml", pieces.front());
  for (std::size_t i = 1; i < std::min(pieces.size(), kMostFiles); ++i) {
    const std::size_t newline = std::min(pieces[i].find('\n'), pieces[i].size());
    const std::string path = pieces[i].substr(0, newline);
    constexpr std::size_t kLongest = 100;
    if (path.empty() || path.size() > kLongest || !is_safe_relative_path(path)) continue;
    // One that is in the way of another is left out.
    if (!make_folders(folder / parent_folder(path))) continue;
    (void)write_file(folder / path, pieces[i].substr(std::min(newline + 1, pieces[i].size())));
  }
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char byte) { return (byte < 0x20 && byte != '\t') || byte == 0x7f; });
}

void check_complaint(const Diagnostic& diagnostic) {
  const std::string text = render(diagnostic, false);
  require(!diagnostic.message.empty() && text.ends_with('\n'), "a complaint says something");
  for (const std::string& line : split(std::string_view(text).substr(0, text.size() - 1), "\n")) {
    require(!has_control(line), "a complaint has no control characters", text);
  }
  if (!diagnostic.span || !diagnostic.span->file) return;
  const std::string& file = diagnostic.span->file->text;
  const auto lines = static_cast<std::uint32_t>(std::count(file.begin(), file.end(), '\n')) + 1;
  require(diagnostic.span->line >= 1 && diagnostic.span->line <= lines && diagnostic.span->column >= 1,
          "a complaint points into its file", text);
}

bool is_inside(const std::string& path) { return path.empty() || is_safe_relative_path(path); }

void check_patterns(const Task& task, const Patterns& patterns) {
  for (const MatrixRow& row : matrix_rows(task.matrix)) {
    const auto expanded = expand_patterns(patterns, row);
    require(expanded.has_value(), "every row's patterns are right", task.name + "@" + row.label());
    for (const Placed<std::string>& pattern : expanded->written) {
      const auto glob = Glob::parse(without_exclamation(pattern.value));
      require(glob && is_inside(glob->literal()) && is_inside(glob->literal_prefix()),
              "a pattern stays in the project", pattern.value);
    }
    for (const std::string& path : expanded->globs.literals())
      require(is_inside(path), "a path is in the project", path);
    for (const std::string& root : expanded->globs.roots())
      require(is_inside(root), "a walk begins in the project", root);
  }
}

void check_task(const Project& project, const Task& task) {
  require(project.find(task.name) == &task, "a task is found by its name", task.name);
  for (const std::string& alias : task.aliases)
    require(project.find(alias) == &task, "and by its aliases", alias);
  if (task.inputs) check_patterns(task, *task.inputs);
  for (const auto* patterns : {&task.outputs, &task.creates, &task.edits}) check_patterns(task, *patterns);
  for (const MatrixRow& row : matrix_rows(task.matrix)) {
    const auto dir = expand_axes(task.dir.value, row);
    require(dir && is_inside(*dir), "a task works in the project", task.dir.value);
    if (!task.witness) continue;
    const auto witness = expand_axes(task.witness->value, row);
    require(witness && is_safe_relative_path(*witness), "a witness is in the project", task.witness->value);
  }
  for (const std::string& path : task.scope->path)
    require(is_inside(path), "PATH begins in the project", path);
}

void check_plan(const Project& project) {
  const auto plan = make_plan(project, everything(project));
  if (!plan) {
    check_complaint(plan.error());
    return;
  }
  for (std::size_t i = 0; i < plan->tasks.size(); ++i) {
    const PlannedTask& task = plan->tasks[i];
    for (const TaskIndex dep : task.deps)
      require(dep < i, "dependencies come before their dependents", task.label);
    for (const PlannedStep& step : task.steps) {
      require(!step.argv.empty(), "a step starts something", task.label);
      require(step.key.find(project.root) == std::string::npos, "no key holds the place of the project",
              step.key);
    }
  }
}

std::string said_about(const LoadedProject& loaded) {
  std::string text;
  for (const Diagnostic& diagnostic : loaded.diagnostics) text += render(diagnostic, false);
  return text;
}

void check(std::string_view text) {
  static const ScratchFolder folder;
  if (text.find(folder.path()) != std::string_view::npos) return;  // libFuzzer finds it out
  write_files(folder, text);
  const LoadedProject loaded = load_project(folder.path());
  for (const Diagnostic& diagnostic : loaded.diagnostics) check_complaint(diagnostic);
  require(said_about(load_project(folder.path())) == said_about(loaded), "read twice it is the same");
  if (!loaded.ok()) return;
  for (const std::string& file : loaded.project.files)
    require(is_safe_relative_path(file), "files are in the project", file);
  for (const std::string& path : loaded.project.folders)
    require(is_inside(path), "folders are in the project", path);
  for (const Task& task : loaded.project.tasks) check_task(loaded.project, task);
  check_plan(loaded.project);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
