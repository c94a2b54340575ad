#include "cli/look.h"

#include <map>

#include "base/escape.h"

namespace devtask {

std::string plan_text(const Plan& plan, const Evaluation& evaluation, const Schedule& schedule) {
  std::map<TaskIndex, bool> todo;  // in plan order; true: restore
  for (const TaskIndex index : schedule.restore) todo[index] = true;
  for (const TaskIndex index : schedule.run) todo[index] = false;
  std::string text;
  for (const auto& [index, restore] : todo) {
    const std::string& label = plan.tasks[index].label;
    const TaskState& state = evaluation.states[index];
    if (restore) {
      text += fmt::format("restore {}\n", label);
    } else if (state.verdict == Verdict::kWaiting && !plan.only) {
      text += fmt::format("maybe {}: after {}\n", label, plan.tasks[state.waits_for].label);
    } else {
      text += fmt::format("run {}: {}\n", label, state.why);
    }
  }
  return text + fmt::format("{} to run, {} to restore, {} up to date\n", schedule.run.size(),
                            schedule.restore.size(), schedule.up_to_date.size());
}

std::string why_text(const Plan& plan, const Evaluation& evaluation, TaskIndex index) {
  const PlannedTask& task = plan.tasks[index];
  const TaskState& state = evaluation.states[index];
  std::string text = task.label;
  switch (state.verdict) {
    case Verdict::kUpToDate:
      return text + (task.is_group() ? ": up to date (a group: it stands for its dependencies)\n"
                                     : ": up to date\n");
    case Verdict::kWaiting:
      text += fmt::format(": depends on what `{}` produces, which has to run first",
                          plan.tasks[state.waits_for].label);
      if (const std::string& why = evaluation.states[state.waits_for].why; !why.empty()) text += ": " + why;
      return text + "\n";
    case Verdict::kCached:
      text += ": would be restored from the cache:\n";
      break;
    case Verdict::kStale:
      text += ": would run:\n";
      break;
  }
  if (state.units) {
    text += "  " + state.why + "\n";
    const bool only = state.units->count(UnitState::What::kStale) == 1;
    for (const UnitState& unit : state.units->units) {
      if (unit.what != UnitState::What::kStale || unit.why.empty()) continue;
      const std::string line = fmt::format("`{}` {}", escape_line(unit.name), unit.why);
      if (!only || !state.why.starts_with(line)) text += "  " + line + "\n";
    }
    for (const Change& change : state.changes) text += "  " + change.sentence() + "\n";
    return text;
  }
  if (state.changes.empty()) return text + "  " + state.why + "\n";
  for (const Change& change : state.changes) text += "  " + change.sentence() + "\n";
  return text;
}

}  // namespace devtask
