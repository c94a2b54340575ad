// The part of an evaluation that is about tasks with units.
#include <fmt/format.h>

#include "plan/evaluate.h"
#include "plan/gathered.h"
#include "plan/refuse_unmatched.h"

namespace devtask {

void Evaluator::gather_units(const PlannedTask& task, Tree& tree, Gathered& gathered) const {
  gathered.units = find_units(task, tree, gathered.looked_units);
  if (sources_.units != nullptr)
    gathered.looked_units.push_back(tree.file(sources_.units->path(task.units->log)));
}

// `key`: of what all units share.
TaskState Evaluator::judge_units(const Plan& plan, const PlannedTask& task,
                                 const std::vector<TaskState>& states, const Gathered& gathered,
                                 const Digest& key, bool waiting, bool complete, TaskState state) const {
  const UnitRecords records =
      sources_.units != nullptr ? sources_.units->read(task.units->log) : UnitRecords();
  // With `--only` it may read what no key says.
  const bool unknown = !waiting && !complete;
  const bool forced = task.forced || task.task->cache == CacheMode::kNo || unknown;
  ActionCache* cache = task.task->cache == CacheMode::kYes ? sources_.cache : nullptr;
  auto units = std::make_shared<UnitStates>(devtask::judge_units(
      task, gathered.units, key, {records, waiting ? nullptr : cache, sources_.blobs}, forced));
  const std::size_t stale = units->count(UnitState::What::kStale);
  const std::size_t cached = units->count(UnitState::What::kCached);
  state.was_here = true;  // nobody needs it in place
  state.units = units;
  if (waiting) {
    state.verdict = Verdict::kWaiting;
    state.stale_anyway = !complete || stale + cached > 0 || !refuse_unmatched(task, *units);
    if (task.forced) state.why = "forced";
    return state;
  }
  if (!unknown) state.key = key;
  if (stale > 0) {
    state.verdict = Verdict::kStale;
    std::string common;
    for (const UnitState& unit : units->units) {
      if (unit.what != UnitState::What::kStale || !unit.why.empty()) continue;
      common = why_different(plan, unit.record->common, states, state);
      break;
    }
    state.why = why_units(*units, common);
    return state;
  }
  auto result = std::make_shared<ActionResult>();
  result->duration = units->saved();
  state.seen = result->outputs_digest();
  state.result = std::move(result);
  state.verdict = cached > 0 ? Verdict::kCached : Verdict::kUpToDate;
  if (cached > 0) state.why = fmt::format("{} of {} files", cached, units->units.size());
  return state;
}

}  // namespace devtask
