#include "plan/evaluate.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/escape.h"
#include "os/machine.h"
#include "os/parallel.h"
#include "os/process.h"
#include "plan/distributions.h"
#include "plan/gathered.h"
#include "plan/paths_below.h"
#include "plan/sealer.h"

namespace devtask {
namespace {

constexpr std::size_t kTasksPerBlock = 8;

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

}  // namespace

// One look at the whole plan.
struct Evaluator::Look {
  const Plan& plan;
  std::int64_t looked_ns;
  Tree tree;
  Programs programs;
};

Evaluator::Evaluator(EvaluatorSources sources) : sources_(std::move(sources)), platform_(machine_name()) {}

Evaluator::Gathered Evaluator::gather(const Plan& plan, TaskIndex index, Tree& tree) const {
  const PlannedTask& task = plan.tasks[index];
  Gathered gathered;
  if (task.is_group()) return gathered;
  if (task.always_runs() && plan.is_brought_up_to_date(index)) return gathered;
  if (task.units) gather_units(task, tree, gathered);
  if (!task.always_runs()) gather_inputs(task, tree, gathered);
  gather_outputs(task, tree, gathered);
  return gathered;
}

void Evaluator::gather_inputs(const PlannedTask& task, Tree& tree, Gathered& gathered) const {
  if (task.inputs == nullptr) return;
  FileSelection selection{task.inputs, &task.task->scope->ignore, {}};
  if (task.units) {
    selection.excluded.push_back({&task.units->patterns->globs, nullptr});
    for (const Patterns* each : task.units->family) selection.excluded.push_back({&each->globs, nullptr});
  }
  std::vector<std::shared_ptr<const JournalEntry>> records;  // keeps what the selection points to
  for (const Maker& maker : task.makers) {
    if (maker.whole) {
      selection.excluded.push_back({maker.outputs, nullptr});
    } else if (auto record = sources_.journal.last_success(maker.id)) {
      selection.excluded.push_back({maker.outputs, &record->result.outputs});
      records.push_back(std::move(record));
    }
  }
  gathered.inputs = tree.list(selection, gathered.looked_inputs);
  std::erase_if(gathered.inputs,
                [&](const TreeFile* file) { return is_unit_input(*task.task, gathered.units, file->path); });
}

void Evaluator::gather_outputs(const PlannedTask& task, Tree& tree, Gathered& gathered) const {
  gathered.last = sources_.journal.last_success(task.id);
  if (!gathered.last) return;
  if (const auto attempt = sources_.journal.unfinished(task.id);
      attempt && !attempt->ended && task.task->cache == CacheMode::kYes) {
    for (const TreeFile* file : tree.list({&task.outputs->globs, nullptr, {}}, gathered.looked_outputs))
      gathered.beside_outputs.push_back(file->path);
  }
  const auto look_at = [&](const OutputEntry& entry, std::string_view path) {
    TreeFile* file = tree.file(path);
    gathered.outputs.emplace_back(&entry, file);
    gathered.looked_outputs.push_back(file);
  };
  const ActionResult& result = gathered.last->result;
  if (result.witness) look_at(*result.witness, task.witness);
  if (task.task->shows_distributions)
    gathered.installed = installed_text(task, gathered.last->key, tree, gathered.looked_outputs);
  for (const OutputEntry& entry : result.outputs) {
    if (entry.kind == OutputEntry::Kind::kCreate) continue;
    look_at(entry, entry.path);
    if (is_behind_link(entry.path, tree, gathered.looked_parents) && gathered.behind_link.empty())
      gathered.behind_link = damage_by_link(entry);
  }
}

// Its key is what it was, as far as its own facts go, and nothing happened to it since but perhaps to its
// outputs.
bool Evaluator::may_recall(const PlannedTask& task, const Seal::Task* sealed) const {
  if (sealed == nullptr || !sealed->key || !sealed->inputs_hold || task.forced) return false;
  return sources_.journal.last_key(task.id) == sealed->key && !sources_.journal.unfinished(task.id);
}

Evaluation Evaluator::evaluate(const Plan& plan, const EvaluationOptions& options) const {
  Evaluation evaluation;
  const std::size_t count = plan.tasks.size();
  Look look{plan, now_ns(), Tree(plan.project->root, sources_.memo),
            Programs(look.tree, sources_.home, identities_)};
  Tree& tree = look.tree;
  const Seal* seal = plan.only ? nullptr : options.seal;
  if (seal != nullptr) tree.assume(seal->read_again());

  ProfileSpan gathering(sources_.profile, "list files");
  std::vector<Gathered> gathered(count);
  std::vector<const Seal::Task*> recalled(count, nullptr);
  std::vector<char> outputs_recalled(count, 0);
  parallel_for(count, kTasksPerBlock, [&](std::size_t i) {
    const PlannedTask& task = plan.tasks[i];
    const Seal::Task* known = seal != nullptr ? seal->task(i, task.id) : nullptr;
    if (!may_recall(task, known)) {
      gathered[i] = gather(plan, i, tree);
      return;
    }
    recalled[i] = known;
    // What holds are the outputs of the result that was sealed; a later one of the same key may have others.
    if (known->outputs_hold) gathered[i].last = sources_.journal.last_success(task.id);
    const auto& last = gathered[i].last;
    outputs_recalled[i] =
        last && !task.task->shows_distributions &&
        (task.task->cache == CacheMode::kLocal || last->result.outputs_digest() == known->seen);
    if (!outputs_recalled[i]) gather_outputs(task, tree, gathered[i]);
  });
  gathering.end();

  ProfileSpan reading(sources_.profile, "read files");
  std::vector<TreeFile*> files;
  for (const Gathered& each : gathered) {
    const std::vector<TreeFile*> more = each.files();
    files.insert(files.end(), more.begin(), more.end());
  }
  tree.read(files);
  reading.end();

  const ProfileSpan judging(sources_.profile, "judge");
  const auto dependencies_hold = [&](const PlannedTask& task) {
    return std::all_of(task.read_deps.begin(), task.read_deps.end(), [&](TaskIndex dep) {
      const Seal::Task* known = seal->task(dep, plan.tasks[dep].id);
      return !evaluation.states[dep].seen || (known != nullptr && known->seen == evaluation.states[dep].seen);
    });
  };
  using Keep = EvaluationOptions::Keep;
  std::vector<OwnFacts*> kept;
  evaluation.states.reserve(count);
  for (TaskIndex i = 0; i < count; ++i) {
    const PlannedTask& task = plan.tasks[i];
    if (recalled[i] != nullptr && !dependencies_hold(task)) {
      recalled[i] = nullptr;
      gathered[i] = gather(plan, i, tree);
      tree.read(gathered[i].files());
    }
    const bool has_facts = !task.is_group() && !task.always_runs() && recalled[i] == nullptr;
    auto own = has_facts ? std::make_shared<OwnFacts>(own_facts(look, i, gathered[i])) : nullptr;
    TaskState state = judge(plan, i, gathered[i], evaluation.states, own.get(), recalled[i]);
    const bool stale = state.verdict != Verdict::kUpToDate;
    if (options.keep != Keep::kAll) state.fingerprint = {};
    if (own != nullptr && (options.keep == Keep::kAll || (options.keep == Keep::kStale && stale))) {
      add_observations(gathered[i], *own);
      kept.push_back(own.get());
      state.own = std::move(own);
    }
    evaluation.states.push_back(std::move(state));
    if (recalled[i] == nullptr) add_warnings(task, gathered[i], tree, evaluation.warnings);
  }

  const auto common = std::make_shared<const std::vector<Observation>>(tree.common_observations());
  for (OwnFacts* own : kept) own->common = common;
  evaluation.looked_at = tree.looked_at();
  bool all_fresh = evaluation.warnings.empty(), nothing_to_do = true;
  for (TaskIndex i = 0; i < count && all_fresh; ++i) {
    const bool always = plan.tasks[i].always_runs();
    nothing_to_do = nothing_to_do && !always;
    all_fresh =
        always || evaluation.states[i].verdict == Verdict::kUpToDate ||
        (!nothing_to_do && evaluation.states[i].verdict == Verdict::kWaiting && plan.tasks[i].is_group());
  }
  if (!all_fresh) return evaluation;
  const ProfileSpan sealing(sources_.profile, "seal");
  const SealContents before = seal != nullptr ? seal->contents() : SealContents();
  Sealer sealer(before.observations);
  sealer.contents.outcome.nothing_to_do = nothing_to_do;
  if (seal != nullptr) {
    std::vector<char> is_common(before.observations.size(), 1);
    for (const SealedTask& task : before.tasks) {
      for (const auto* list : {&task.inputs, &task.outputs}) {
        for (const std::uint32_t number : *list) is_common[number] = 0;
      }
    }
    for (std::size_t i = 0; i < is_common.size(); ++i) {
      if (is_common[i] != 0) sealer.add_common({before.observations[i]});
    }
  }
  sealer.add_common(*common);
  for (TaskIndex i = 0; i < count; ++i) {
    const PlannedTask& task = plan.tasks[i];
    const TaskState& state = evaluation.states[i];
    SealedTask sealed{task.id, state.key, state.seen, {}, {}, {}};
    if (task.task->reports && state.units) sealed.tests = sealed_tests(task, *state.units);
    if (recalled[i] != nullptr) {
      sealer.add_known(before.tasks[i].inputs, sealed.inputs);
    } else {
      sealer.add_files(gathered[i].looked_inputs, false, sealed.inputs);
      sealer.add_files(gathered[i].looked_units, false, sealed.inputs);
    }
    if (recalled[i] != nullptr && outputs_recalled[i] != 0) {
      sealer.add_known(before.tasks[i].outputs, sealed.outputs);
    } else {
      sealer.add_files(gathered[i].looked_outputs, false, sealed.outputs);
      sealer.add_files(gathered[i].looked_parents, true, sealed.outputs);
    }
    if (state.result && !task.is_group()) {
      ++sealer.contents.outcome.tasks;
      sealer.contents.outcome.saved_ms += state.result->duration.count();
    }
    sealer.contents.tasks.push_back(std::move(sealed));
  }
  evaluation.seal = sealer.finish();
  return evaluation;
}

void Evaluator::add_warnings(const PlannedTask& task, const Gathered& gathered, Tree& tree,
                             std::vector<Diagnostic>& warnings) const {
  if (task.always_runs() || task.inputs == nullptr || !task.task->matrix.empty()) return;
  for (const auto& pattern : task.task->inputs->written) {
    if (pattern.value.starts_with('!')) continue;
    const auto glob = Glob::parse(pattern.value);
    const auto is_unit = [&](const UnitFiles::Unit& unit) { return glob->matches(unit.file->path); };
    const bool matched = !glob || std::ranges::any_of(gathered.units.units, is_unit) ||
                         std::any_of(gathered.inputs.begin(), gathered.inputs.end(),
                                     [&](const TreeFile* file) { return glob->matches(file->path); });
    // What another task makes is known through the dependency, and may not be there yet.
    const bool is_made = glob && !task.makers.empty();
    if (matched || is_made) continue;
    auto said = warning("inputs pattern `{}` of task `{}` matches nothing", escape_line(pattern.value),
                        task.task->name);
    if (tree.file(pattern.value)->stat.kind == FileKind::kFolder) {
      said.help = fmt::format("it is a folder: write `{}/` for what is in it", pattern.value);
    }
    warnings.push_back(std::move(said).at(pattern.where));
  }
}

TaskState Evaluator::evaluate_task(const Plan& plan, TaskIndex index,
                                   const std::vector<TaskState>& states) const {
  const PlannedTask& task = plan.tasks[index];
  Look look{plan, now_ns(), Tree(plan.project->root, sources_.memo),
            Programs(look.tree, sources_.home, identities_)};
  Gathered gathered;
  // What others have made meanwhile may have become outputs instead of inputs.
  const bool same_inputs = std::all_of(task.makers.begin(), task.makers.end(),
                                       [&](const Maker& maker) { return maker.id == task.id; });
  const bool is_known = same_inputs && index < states.size();
  std::shared_ptr<const OwnFacts> own = is_known ? states[index].own : nullptr;
  if (own != nullptr && own->hold(plan.project->root)) {
    if (task.units) gather_units(task, look.tree, gathered);
    gather_outputs(task, look.tree, gathered);
  } else {
    own = nullptr;
    gathered = gather(plan, index, look.tree);
  }
  look.tree.read(gathered.files());
  if (own == nullptr && !task.is_group() && !task.always_runs()) {
    auto looked = std::make_shared<OwnFacts>(own_facts(look, index, gathered));
    add_observations(gathered, *looked);
    looked->common = std::make_shared<const std::vector<Observation>>(look.tree.common_observations());
    own = std::move(looked);
  }
  TaskState state = judge(plan, index, gathered, states, own.get(), nullptr);
  state.own = std::move(own);
  return state;
}

OwnFacts Evaluator::own_facts(Look& look, TaskIndex index, Gathered& gathered) const {
  const PlannedTask& task = look.plan.tasks[index];
  OwnFacts own;
  own.looked_ns = look.looked_ns;
  for (const TreeFile* file : gathered.inputs) {
    if (file->problem.empty()) continue;
    own.problem = error("task `{}` cannot read its input: {}", task.label, file->problem);
    break;
  }
  own.facts = common_facts(look.plan, task, gathered, look.programs);
  const auto& folders = sources_.environment.search_path(*task.task, look.tree.root());
  for (const std::string& each : distributions_of_tools(task, folders, look.tree, gathered.looked_inputs)) {
    const std::size_t blank = std::min(each.find(' '), each.size());
    own.facts.add("installed", each.substr(0, blank), each.substr(blank));
  }
  if (task.task->commit) {
    const std::string& base = task.task->scope->base;
    const bool any = task.commit_paths.empty();
    const auto commit = any ? checked_out_commit(look.tree, base, gathered.looked_inputs)
                            : last_change(look.tree, base, task.commit_paths, sources_.ask_last_change,
                                          gathered.looked_inputs);
    if (!commit) {
      own.problem = commit.error();
      own.problem->message =
          fmt::format("task `{}` cannot know which commit {}: {}", task.label,
                      any ? "is checked out" : "changed its paths last", commit.error().message);
    }
    own.facts.add("commit", "", commit ? *commit : "unknown");
  }
  return own;
}

void Evaluator::add_observations(const Gathered& gathered, OwnFacts& own) {
  own.inputs.reserve(gathered.inputs.size());
  for (const TreeFile* file : gathered.inputs) {
    own.inputs.push_back(observe(*file));
    if (file->stat.kind == FileKind::kLink && file->behind.kind == FileKind::kRegular)
      own.inputs.push_back({file->path, true, false, file->behind, std::nullopt});
  }
  const std::set<const TreeFile*> inputs(gathered.inputs.begin(), gathered.inputs.end());
  for (const TreeFile* file : gathered.looked_inputs) {
    if (!inputs.contains(file)) own.beside_inputs.push_back(observe(*file));
  }
}

Fingerprint Evaluator::common_facts(const Plan& plan, const PlannedTask& task, const Gathered& gathered,
                                    Programs& programs) const {
  const std::string& base = task.task->scope->base;
  const std::string& root = plan.project->root;
  Fingerprint facts;
  facts.add("task", "name", task.shared_name());
  facts.add("platform", "", platform_);
  facts.add("cwd", "", task.dir == base ? std::string_view() : below_base(task.dir, base));
  for (std::size_t i = 0; i < task.steps.size(); ++i)
    facts.add("command", std::to_string(i + 1), task.steps[i].key);
  const std::vector<PlannedStep> check = task.units ? task.units->check : std::vector<PlannedStep>();
  for (std::size_t i = 0; i < check.size(); ++i)
    facts.add("command", "check " + std::to_string(i + 1), check[i].key);
  for (const auto& [name, value] : sources_.environment.keyed(*task.task, task.values)) {
    facts.add("env", name, sha256(value).hex());
  }
  for (const auto& pattern : task.outputs->written)
    facts.add("output", pattern_below_base(pattern.value, base), "");
  for (const auto& pattern : task.creates->written)
    facts.add("creates", pattern_below_base(pattern.value, base), "");
  for (const auto& pattern : task.units ? Patterns().written : task.edits->written)
    facts.add("edits", pattern_below_base(pattern.value, base), "");

  std::set<std::string> names;
  for (const auto* steps : {&task.steps, &check}) {
    for (const PlannedStep& step : *steps) names.insert(step.programs.begin(), step.programs.end());
  }
  for (const ToolSpec& tool : task.task->tools) names.insert(tool.name);
  const std::string working_folder = join_path(root, task.dir);
  for (const std::string& name : names) {
    facts.add("program", name,
              programs.identity(name, sources_.environment.search_path(*task.task, root), working_folder,
                                task.made_by_deps));
  }
  for (const TreeFile* file : gathered.inputs)
    facts.add("input", below_base(file->path, base), input_value(*file));
  return facts;
}

// With `--only`, for those that it leaves out. Known only if nothing happened to it since.
TaskState Evaluator::as_it_last_was(const PlannedTask& task, const Gathered& gathered) const {
  TaskState state;
  const bool local = task.task->cache == CacheMode::kLocal;
  if (task.settled && !task.has_outputs()) {  // nobody remembers it, and nothing can have happened to it
    state.verdict = Verdict::kUpToDate;
    state.result = std::make_shared<const ActionResult>();
    state.seen = state.result->outputs_digest();
    return state;
  }
  const bool known = gathered.last && !(local && gathered.last->key == Digest());
  if (!known || !gathered.damage().empty() || sources_.journal.unfinished(task.id)) return state;
  state.verdict = Verdict::kUpToDate;
  state.result = std::shared_ptr<const ActionResult>(gathered.last, &gathered.last->result);
  state.seen = local ? gathered.last->key : state.result->outputs_digest();
  if (task.task->shows_distributions) {
    state.installed = gathered.installed;
    state.seen = sha256(state.installed);
  }
  return state;
}

// `recalled`: what a seal knows of its key; its dependencies are as they were then or have yet to run.
TaskState Evaluator::judge(const Plan& plan, TaskIndex index, const Gathered& gathered,
                           const std::vector<TaskState>& states, const OwnFacts* own,
                           const Seal::Task* recalled) const {
  const PlannedTask& task = plan.tasks[index];
  TaskState state;
  const auto first_unknown = [&](const std::vector<TaskIndex>& list) {
    return std::find_if(list.begin(), list.end(), [&](TaskIndex dep) {
      if (plan.tasks[dep].is_group()) return states[dep].verdict == Verdict::kWaiting;
      return !states[dep].seen && plan.is_brought_up_to_date(dep);
    });
  };
  const auto unknown = first_unknown(task.read_deps);
  const auto unfinished = first_unknown(task.after);
  const bool waiting = unknown != task.read_deps.end() || unfinished != task.after.end();
  if (waiting) state.waits_for = unknown != task.read_deps.end() ? *unknown : *unfinished;

  if (task.is_group()) {
    state.verdict = waiting ? Verdict::kWaiting : Verdict::kUpToDate;
    if (waiting) return state;
    std::string seen;
    for (const TaskIndex dep : task.deps) {
      if (!states[dep].seen) return state;
      states[dep].seen->append_hex(seen);
    }
    state.seen = sha256(seen);
    return state;
  }
  if (!plan.is_brought_up_to_date(index)) {
    if (!task.units) return as_it_last_was(task, gathered);
    state.verdict = Verdict::kUpToDate;  // it leaves nothing that could be as it was or not
    state.result = std::make_shared<const ActionResult>();
    state.seen = state.result->outputs_digest();
    return state;
  }
  if (task.always_runs() && !task.units) {
    state.verdict = Verdict::kStale;
    state.why = task.task->interactive               ? "it is interactive, always runs"
                : task.task->cache == CacheMode::kNo ? "cache = \"no\", always runs"
                                                     : "declares no inputs, always runs";
    return state;
  }

  if (own != nullptr) state.problem = own->problem;
  state.was_here = gathered.last != nullptr;
  std::string damage = gathered.damage();
  // What a failed attempt left beside the outputs is not part of the result either.
  const auto attempt = sources_.journal.unfinished(task.id);
  if (attempt && gathered.last && damage.empty()) {
    damage = left_by(*attempt, gathered.last->result, gathered.beside_outputs);
  }

  bool complete = true;  // of every dependency at least the last result is known
  Digest key;
  if (recalled != nullptr) {
    key = *recalled->key;
  } else {
    Fingerprint deps;
    for (const TaskIndex dep : task.read_deps) {
      std::optional<Digest> seen = states[dep].seen;
      if (!seen) {
        const bool will_run = plan.is_brought_up_to_date(dep);
        const auto last = will_run ? sources_.journal.last_success(plan.tasks[dep].id) : nullptr;
        if (last && plan.tasks[dep].task->cache == CacheMode::kYes) seen = last->result.outputs_digest();
        complete = complete && seen.has_value();
      }
      deps.add("dep", local_label(plan.tasks[dep], task), seen ? seen->hex() : "nothing");
    }
    state.fingerprint = own->facts.text_with(deps);
    key = sha256(state.fingerprint);
  }
  if (task.units) return judge_units(plan, task, states, gathered, key, waiting, complete, std::move(state));
  const bool same_key = gathered.last && gathered.last->key == key;
  if (waiting) {
    state.verdict = Verdict::kWaiting;
    state.stale_anyway = !complete || !same_key || !damage.empty() || task.forced;
    if (task.forced) state.why = "forced";
    return state;
  }
  if (!complete) {  // what it reads is not what any key says
    state.why = "`--only`, and its dependencies are not as they were made";
    return state;
  }
  state.key = key;
  const bool shows = task.task->shows_distributions;
  if (task.task->cache == CacheMode::kLocal && !shows) state.seen = key;  // known before it has run
  if (task.forced) {
    state.verdict = Verdict::kStale;
    state.why = "forced";
    return state;
  }
  // Whatever an attempt with other inputs did to a local result, nobody can take back.
  const bool spoilt = attempt && task.task->cache == CacheMode::kLocal;
  const bool failed = attempt && (attempt->key == key || spoilt);
  if (failed && attempt->ended) {
    state.why = "its last run did not succeed";
    return state;
  }
  if (same_key && damage.empty() && !failed) {
    state.verdict = Verdict::kUpToDate;
    state.result = std::shared_ptr<const ActionResult>(gathered.last, &gathered.last->result);
  } else {
    state.damaged = same_key;
    if (same_key) state.why = damage;
    if (failed) state.why = "its last run did not succeed";
    look_in_cache(plan, task, state);
    if (state.why.empty()) state.why = why_stale(plan, task, states, state);
  }
  if (shows) see_local(task, gathered, state);
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
    // Its key says what its outputs can be: a result with others was not made by this task.
    std::vector<OutputEntry>& outputs = (*found)->outputs;
    const bool fits = std::all_of(outputs.begin(), outputs.end(), [&](OutputEntry& entry) {
      entry.path = join_path(task.task->scope->base, entry.path);
      return entry.is_owned() && task.may_make(entry);
    });
    if (!fits) continue;
    state.result = std::make_shared<const ActionResult>(std::move(**found));
    state.verdict = Verdict::kCached;
    return;
  }
}

// What dependents see of a local task whose distributions matter. Before it has run it is what was there when
// somebody else had run it with that key, so that a fresh checkout need not make an environment to know its
// dependents' keys.
void Evaluator::see_local(const PlannedTask& task, const Gathered& gathered, TaskState& state) const {
  if (state.verdict == Verdict::kUpToDate) {
    state.installed = gathered.installed;
  } else if (sources_.cache != nullptr && sources_.blobs != nullptr &&
             !sources_.journal.unfinished(task.id)) {
    state.installed = recorded_installed(*state.key, *sources_.cache, *sources_.blobs);
  }
  if (!state.installed.empty()) state.seen = sha256(state.installed);
}

Digest checkout_key(const Digest& key, const std::string& root) {
  return sha256("checkout " + root + "\n" + key.hex());
}

}  // namespace devtask
