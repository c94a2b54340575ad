#include "plan/evaluate.h"

#include <algorithm>
#include <set>

#include "base/escape.h"
#include "os/machine.h"
#include "os/parallel.h"

namespace devtask {
namespace {

constexpr std::size_t kTasksPerBlock = 8;

// A member's paths are told relative to its folder, so that the member alone and as a part have the same
// keys.
std::string_view below_base(std::string_view path, const std::string& base) {
  if (!base.empty() && path.size() > base.size() && path.starts_with(base) && path[base.size()] == '/') {
    path.remove_prefix(base.size() + 1);
  }
  return path;
}

std::string pattern_below_base(std::string_view pattern, const std::string& base) {
  const bool exclude = pattern.starts_with('!');
  if (exclude) pattern.remove_prefix(1);
  return (exclude ? "!" : "") + std::string(below_base(pattern, base));
}

// A dependency's label as the dependent's own file names it.
std::string_view local_label(const PlannedTask& dep, const PlannedTask& dependent) {
  std::string_view label = dep.label;
  if (dep.task->scope == dependent.task->scope)
    label.remove_prefix(dep.task->name.size() - dep.task->local.size());
  return label;
}

std::string input_value(const TreeFile& file) {
  std::string value;
  value.reserve(66);
  if (file.stat.kind == FileKind::kLink) {
    value = "-> " + file.target + " ";
  } else {
    value = file.mode_fact();
    value += ' ';
  }
  file.digest.append_hex(value);
  return value;
}

std::string damage_of(const OutputEntry& entry, const TreeFile& file) {
  using Kind = OutputEntry::Kind;
  const FileKind wanted = entry.kind == Kind::kLink  ? FileKind::kLink
                          : entry.kind == Kind::kDir ? FileKind::kFolder
                                                     : FileKind::kRegular;
  if (file.stat.kind == FileKind::kAbsent) return "its output " + escape_line(entry.path) + " was deleted";
  bool same = file.stat.kind == wanted && file.problem.empty();
  if (same && entry.kind == Kind::kLink) same = file.target == entry.target;
  if (same && entry.kind == Kind::kFile) {
    same = file.digest == entry.digest && (file.stat.mode & 0100) == (entry.mode & 0100);
  }
  return same ? std::string() : "its output " + escape_line(entry.path) + " was changed";
}

// Outputs are never looked at, written or removed through a link that somebody put in place of a folder.
bool is_behind_link(std::string_view path, Tree& tree) {
  for (std::string_view folder = parent_folder(path); !folder.empty(); folder = parent_folder(folder)) {
    if (tree.file(folder)->stat.kind == FileKind::kLink) return true;
  }
  return false;
}

std::string damage_by_link(const OutputEntry& entry) {
  return "its output " + escape_line(entry.path) + " is behind a link";
}

// `beside`: what lies in the outputs, if the attempt was killed and could not say what it made.
std::string left_by(const StartedEntry& attempt, const ActionResult& result,
                    const std::vector<std::string>& beside) {
  std::vector<std::string> suspects = attempt.made;
  std::set_difference(beside.begin(), beside.end(), attempt.foreign.begin(), attempt.foreign.end(),
                      std::back_inserter(suspects));
  for (const std::string& path : suspects) {
    const bool known = std::any_of(result.outputs.begin(), result.outputs.end(),
                                   [&](const OutputEntry& entry) { return entry.path == path; });
    if (!known) return "a failed run left " + escape_line(path);
  }
  return {};
}

}  // namespace

struct Evaluator::Gathered {
  std::vector<TreeFile*> inputs;
  std::shared_ptr<const JournalEntry> last;
  std::vector<std::pair<const OutputEntry*, TreeFile*>> outputs;  // of `last`, creates left out
  std::vector<std::string> beside_outputs;  // after a killed attempt: all files that match its outputs
  std::string behind_link;                  // told as damage: an output that would be reached through a link
};

Evaluator::Evaluator(EvaluatorSources sources) : sources_(std::move(sources)), platform_(machine_name()) {}

Evaluator::Gathered Evaluator::gather(const Plan& plan, TaskIndex index, Tree& tree) const {
  const PlannedTask& task = plan.tasks[index];
  Gathered gathered;
  if (task.is_group() || task.always_runs()) return gathered;
  FileSelection selection{task.inputs, &task.task->scope->ignore, {}};
  std::vector<std::shared_ptr<const JournalEntry>> records;  // keeps what the selection points to
  for (const Maker& maker : task.makers) {
    if (maker.whole) {
      selection.excluded.push_back({maker.outputs, nullptr});
    } else if (auto record = sources_.journal.last_success(maker.id)) {
      selection.excluded.push_back({maker.outputs, &record->result.outputs});
      records.push_back(std::move(record));
    }
  }
  gathered.inputs = tree.list(selection);
  gathered.last = sources_.journal.last_success(task.id);
  if (!gathered.last) return gathered;
  if (const auto attempt = sources_.journal.unfinished(task.id);
      attempt && !attempt->ended && task.task->cache == CacheMode::kYes) {
    for (const TreeFile* file : tree.list({&task.outputs->globs, nullptr, {}}))
      gathered.beside_outputs.push_back(file->path);
  }
  if (gathered.last->result.witness) {
    gathered.outputs.emplace_back(&*gathered.last->result.witness, tree.file(task.witness));
  }
  for (const OutputEntry& entry : gathered.last->result.outputs) {
    if (entry.kind == OutputEntry::Kind::kCreate) continue;
    gathered.outputs.emplace_back(&entry, tree.file(entry.path));
    if (gathered.behind_link.empty() && is_behind_link(entry.path, tree))
      gathered.behind_link = damage_by_link(entry);
  }
  return gathered;
}

Evaluation Evaluator::evaluate(const Plan& plan, bool keep_stamps) const {
  Evaluation evaluation;
  Tree tree(plan.project->root, sources_.memo);
  Programs programs(tree, sources_.home);
  std::vector<Gathered> gathered(plan.tasks.size());
  parallel_for(plan.tasks.size(), kTasksPerBlock,
               [&](std::size_t i) { gathered[i] = gather(plan, i, tree); });

  std::vector<TreeFile*> files;
  for (const Gathered& each : gathered) {
    files.insert(files.end(), each.inputs.begin(), each.inputs.end());
    for (const auto& output : each.outputs) files.push_back(output.second);
  }
  tree.read(files);

  evaluation.states.reserve(plan.tasks.size());
  for (TaskIndex i = 0; i < plan.tasks.size(); ++i) {
    evaluation.states.push_back(judge(plan, i, gathered[i], evaluation.states, programs, keep_stamps));
    const PlannedTask& task = plan.tasks[i];
    if (task.inputs == nullptr) continue;
    for (const auto& pattern : task.task->inputs->written) {
      if (pattern.value.starts_with('!') || !task.task->matrix.empty()) continue;
      const auto glob = Glob::parse(pattern.value);
      const bool matched =
          !glob || std::any_of(gathered[i].inputs.begin(), gathered[i].inputs.end(),
                               [&](const TreeFile* file) { return glob->matches(file->path); });
      // What another task makes is known through the dependency, and may not be there yet.
      const bool is_made = glob && !task.makers.empty();
      if (!matched && !is_made) {
        auto said = warning("inputs pattern `{}` of task `{}` matches nothing", escape_line(pattern.value),
                            task.task->name);
        if (tree.file(pattern.value)->stat.kind == FileKind::kFolder) {
          said.help = fmt::format("it is a folder: write `{}/` for what is in it", pattern.value);
        }
        evaluation.warnings.push_back(std::move(said).at(pattern.where));
      }
    }
  }
  const bool all_fresh =
      std::all_of(evaluation.states.begin(), evaluation.states.end(),
                  [](const TaskState& state) { return state.verdict == Verdict::kUpToDate; });
  if (all_fresh) evaluation.observations = tree.observations();
  return evaluation;
}

TaskState Evaluator::evaluate_task(const Plan& plan, TaskIndex index,
                                   const std::vector<TaskState>& states) const {
  Tree tree(plan.project->root, sources_.memo);
  Programs programs(tree, sources_.home);
  const Gathered gathered = gather(plan, index, tree);
  std::vector<TreeFile*> files = gathered.inputs;
  for (const auto& output : gathered.outputs) files.push_back(output.second);
  tree.read(files);
  return judge(plan, index, gathered, states, programs, true);
}

Fingerprint Evaluator::common_facts(const Plan& plan, const PlannedTask& task, const Gathered& gathered,
                                    Programs& programs) const {
  const std::string& base = task.task->scope->base;
  const std::string& root = plan.project->root;
  Fingerprint facts;
  facts.add("task", "name", task.local_name());
  facts.add("platform", "", platform_);
  facts.add("cwd", "", task.dir == base ? std::string_view() : below_base(task.dir, base));
  for (std::size_t i = 0; i < task.steps.size(); ++i)
    facts.add("command", std::to_string(i + 1), task.steps[i].key);
  for (const auto& [name, value] : sources_.environment.keyed(*task.task, task.values)) {
    facts.add("env", name, sha256(value).hex());
  }
  for (const auto& pattern : task.outputs->written)
    facts.add("output", pattern_below_base(pattern.value, base), "");
  for (const auto& pattern : task.creates->written)
    facts.add("creates", pattern_below_base(pattern.value, base), "");
  for (const auto& pattern : task.edits->written)
    facts.add("edits", pattern_below_base(pattern.value, base), "");

  std::set<std::string> names;
  for (const PlannedStep& step : task.steps) names.insert(step.programs.begin(), step.programs.end());
  for (const ToolSpec& tool : task.task->tools) names.insert(tool.name);
  const std::string working_folder = join_path(root, task.dir);
  for (const std::string& name : names) {
    facts.add("program", name,
              programs.identity(name, sources_.environment.search_path(*task.task->scope, root),
                                working_folder, task.made_by_deps));
  }
  for (const TreeFile* file : gathered.inputs)
    facts.add("input", below_base(file->path, base), input_value(*file));
  return facts;
}

TaskState Evaluator::judge(const Plan& plan, TaskIndex index, const Gathered& gathered,
                           const std::vector<TaskState>& states, Programs& programs, bool keep_stamps) const {
  const PlannedTask& task = plan.tasks[index];
  TaskState state;
  const auto first_unknown = [&](const std::vector<TaskIndex>& list) {
    return std::find_if(list.begin(), list.end(), [&](TaskIndex dep) { return !states[dep].seen; });
  };
  // With `--only`, dependencies are taken as they last were here.
  const auto unknown = plan.only ? task.read_deps.end() : first_unknown(task.read_deps);
  const auto unfinished = plan.only ? task.after.end() : first_unknown(task.after);
  const bool waiting = unknown != task.read_deps.end() || unfinished != task.after.end();
  if (waiting) state.waits_for = unknown != task.read_deps.end() ? *unknown : *unfinished;

  if (task.is_group()) {
    state.verdict = waiting ? Verdict::kWaiting : Verdict::kUpToDate;
    if (waiting) return state;
    std::string seen;
    for (const TaskIndex dep : task.deps) {
      if (states[dep].seen) states[dep].seen->append_hex(seen);
    }
    state.seen = sha256(seen);
    return state;
  }
  if (task.always_runs()) {
    state.verdict = Verdict::kStale;
    state.why = task.task->interactive               ? "it is interactive, always runs"
                : task.task->cache == CacheMode::kNo ? "cache = \"no\", always runs"
                                                     : "declares no inputs, always runs";
    return state;
  }

  for (const TreeFile* file : gathered.inputs) {
    if (!file->problem.empty() && !state.problem) {
      state.problem = error("task `{}` cannot read its input: {}", task.label, file->problem);
    }
    if (keep_stamps) state.inputs.push_back({file->path, file->stat});
  }
  state.was_here = gathered.last != nullptr;
  std::string damage = gathered.behind_link;
  for (const auto& [entry, file] : gathered.outputs) {
    if (damage.empty()) damage = damage_of(*entry, *file);
  }
  // What a failed attempt left beside the outputs is not part of the result either.
  const auto attempt = sources_.journal.unfinished(task.id);
  if (attempt && gathered.last && damage.empty()) {
    damage = left_by(*attempt, gathered.last->result, gathered.beside_outputs);
  }

  Fingerprint facts = common_facts(plan, task, gathered, programs);
  bool complete = true;  // of every dependency at least the last result is known
  for (const TaskIndex dep : task.read_deps) {
    std::optional<Digest> seen = states[dep].seen;
    if (!seen) {
      const auto last = sources_.journal.last_success(plan.tasks[dep].id);
      if (last && plan.tasks[dep].task->cache == CacheMode::kYes) seen = last->result.outputs_digest();
      complete = complete && seen.has_value();
    }
    facts.add("dep", local_label(plan.tasks[dep], task), seen ? seen->hex() : "nothing");
  }
  state.fingerprint = facts.text();
  const Digest key = sha256(state.fingerprint);
  const bool same_key = gathered.last && gathered.last->key == key;
  if (waiting) {
    state.verdict = Verdict::kWaiting;
    state.stale_anyway = !complete || !same_key || !damage.empty() || task.forced;
    if (task.forced) state.why = "forced";
    return state;
  }
  state.key = key;
  if (task.task->cache == CacheMode::kLocal) state.seen = key;  // known before it has run
  if (task.forced) {
    state.verdict = Verdict::kStale;
    state.why = "forced";
    return state;
  }
  // Whatever an attempt with other inputs did to a local result, nobody can take back.
  const bool spoilt = attempt && task.task->cache == CacheMode::kLocal;
  if (attempt && (attempt->key == key || spoilt)) {
    state.verdict = Verdict::kStale;
    state.why = "its last run did not succeed";
    return state;
  }
  if (same_key && damage.empty()) {
    state.verdict = Verdict::kUpToDate;
    if (!keep_stamps) state.fingerprint = {};
    state.result = std::shared_ptr<const ActionResult>(gathered.last, &gathered.last->result);
  } else {
    state.damaged = same_key;
    if (same_key) state.why = damage;
    look_in_cache(plan, task, state);
    if (state.why.empty()) state.why = why_stale(task, state);
  }
  if (state.result && !state.seen) state.seen = state.result->outputs_digest();
  return state;
}

void Evaluator::look_in_cache(const Plan& plan, const PlannedTask& task, TaskState& state) const {
  state.verdict = Verdict::kStale;
  // New source files belong to the checkout they were made in: a result that stands for them is not shared.
  if (sources_.cache == nullptr || task.task->cache != CacheMode::kYes || !task.creates->written.empty())
    return;
  for (const Digest& key : {*state.key, checkout_key(*state.key, plan.project->root)}) {
    auto found = sources_.cache->find(key);  // a cache that fails is a miss
    if (!found || !*found) continue;
    state.result = std::make_shared<const ActionResult>(std::move(**found));
    state.verdict = Verdict::kCached;
    return;
  }
}

std::string Evaluator::why_stale(const PlannedTask& task, TaskState& state) const {
  const auto last = sources_.journal.last_success(task.id);
  if (!last) return "never ran here";
  const auto before =
      sources_.blobs != nullptr ? sources_.blobs->get_bytes(last->key) : failure("no store of fingerprints");
  if (!before) return "something it depends on changed (the cache no longer has what it was)";
  state.changes = explain(*before, state.fingerprint);
  if (state.changes.empty()) return "its fingerprint changed";
  std::string why = state.changes.front().sentence();
  if (state.changes.size() > 1) why += fmt::format(" and {} more", state.changes.size() - 1);
  return why;
}

Digest checkout_key(const Digest& key, const std::string& root) {
  return sha256("checkout " + root + "\n" + key.hex());
}

std::string first_damage(const ActionResult& result, Tree& tree) {
  std::vector<TreeFile*> files;
  for (const OutputEntry& entry : result.outputs) files.push_back(tree.file(entry.path));
  tree.read(files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (result.outputs[i].kind == OutputEntry::Kind::kCreate) continue;
    if (is_behind_link(result.outputs[i].path, tree)) return damage_by_link(result.outputs[i]);
    if (std::string damage = damage_of(result.outputs[i], *files[i]); !damage.empty()) return damage;
  }
  return {};
}

}  // namespace devtask
