// Why a task is stale, by the difference between what it last saw and what it would see now.
#include "plan/distributions.h"
#include "plan/evaluate.h"

namespace devtask {

// A dependency that shows distributions has changed: which, if only they did.
void Evaluator::name_distributions(const Plan& plan, const std::vector<TaskState>& states,
                                   TaskState& state) const {
  for (Change& change : state.changes) {
    const auto before = change.kind == "dep" ? Digest::from_hex(change.before) : std::nullopt;
    if (!before) continue;
    for (TaskIndex i = 0; i < states.size(); ++i) {
      if (!plan.tasks[i].task->shows_distributions || states[i].installed.empty() ||
          states[i].seen->hex() != change.after)
        continue;
      const auto text = sources_.blobs->get_bytes(*before);
      if (!text || !is_installed_text(*text)) continue;
      const std::string what = installed_changes(*text, states[i].installed);
      if (what.empty()) continue;
      change.kind = "installed";
      change.name = what;
    }
  }
}

std::string Evaluator::why_stale(const Plan& plan, const PlannedTask& task,
                                 const std::vector<TaskState>& states, TaskState& state) const {
  const auto last = sources_.journal.last_success(task.id);
  if (!last) return "never ran here";
  if (last->key == Digest()) return "its dependencies were not as they were made when it last ran";
  return why_different(plan, last->key, states, state);
}

std::string Evaluator::why_different(const Plan& plan, const Digest& key,
                                     const std::vector<TaskState>& states, TaskState& state) const {
  const auto before =
      sources_.blobs != nullptr ? sources_.blobs->get_bytes(key) : failure("no store of fingerprints");
  if (!before) return "something it depends on changed (the cache no longer has what it was)";
  state.changes = explain(*before, state.fingerprint);
  if (state.changes.empty()) return "its fingerprint changed";
  name_distributions(plan, states, state);
  std::string why = state.changes.front().sentence();
  if (state.changes.size() > 1) why += fmt::format(" and {} more", state.changes.size() - 1);
  return why;
}

}  // namespace devtask
