#include "migrate/check_step.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "exec/outputs.h"
#include "migrate/head_image.h"
#include "migrate/migration_tool.h"
#include "migrate/notes_file.h"
#include "migrate/round_trip.h"
#include "migrate/trial_revision.h"
#include "os/file.h"

namespace devtask {
namespace {

Result<PluginAnswer> compare(const MigrationJob& job, const std::optional<MigrationBase>& base,
                             const ScratchDatabase& database) {
  PluginRequest drift;
  drift.action = "drift";
  if (base) {
    auto report = base_report(job, *base, database.folder());
    if (!report) return tl::unexpected(report.error());
    drift.base_report = std::move(*report);
  }
  auto trial = TrialRevision::make(job, "drift");
  if (!trial) return tl::unexpected(trial.error());
  auto outcome = trial->run(database, std::move(drift));
  if (!outcome) return tl::unexpected(outcome.error());
  if (!outcome->answer || !outcome->answer->done())
    return failure(tool_failure(job, "cannot compare the models with the revisions", *outcome));
  return std::move(*outcome->answer);
}

class Check {
 public:
  Check(const MigrationJob& job, const CheckOptions& options) : job_(job), options_(options) {}

  Result<std::vector<Finding>> run() {
    if (auto cleared = TrialRevision::clear_leftovers(job_); !cleared) return tl::unexpected(cleared.error());
    if (auto listed = list_files(); !listed) return tl::unexpected(listed.error());
    std::vector<Part> parts{{"rules", &Check::hold_rules},
                            {"models", &Check::compare_models},
                            {"round-trip", &Check::make_round_trip}};
    if (!is_python_) parts = {{"models", &Check::ask_plain}, {"round-trip", &Check::try_plain}};
    for (const Part& part : parts) {
      // What is no Python, has no parent or names what is not there cannot be tried.
      if (has_mistakes() || files_.empty()) break;
      auto done = (this->*part.hold)();
      if (done) continue;
      // What was found until then is of use, and may be why.
      if (findings_.empty() || job_.stop.stopping()) return tl::unexpected(done.error());
      add(part.rule, job_.dialect.versions, 0, with_notes(done.error()));
      break;
    }
    if (auto done = read_notes(); !done) return tl::unexpected(done.error());
    return std::move(findings_);
  }

 private:
  struct Part {
    const char* rule;
    Result<void> (Check::*hold)();
  };

  static std::string with_notes(const Diagnostic& problem) {
    std::string text = problem.message;
    for (const std::string& note : problem.notes) text += "; " + note;
    return text;
  }

  bool has_mistakes() const {
    static constexpr std::array<std::string_view, 6> kRules{"syntax",    "parent", "heads",
                                                            "duplicate", "names",  "functions"};
    return std::ranges::any_of(
        findings_, [](const Finding& each) { return std::ranges::find(kRules, each.rule) != kRules.end(); });
  }

  Result<void> list_files() {
    std::set<std::string> known;
    if (options_.base && job_.git != nullptr) {
      auto names = revisions_of(*job_.git, job_.dialect, *options_.base);
      if (!names) return tl::unexpected(names.error());
      known.insert(names->begin(), names->end());
    }
    const auto globs = GlobList::parse({job_.dialect.versions + "/"});
    for (const OutputEntry& entry : scan_outputs(job_.root, globs.value_or(GlobList()))) {
      if (entry.kind == OutputEntry::Kind::kDir) continue;  // `versions` itself, for one
      const std::string name = entry.path.substr(job_.dialect.versions.size() + 1);
      if (name.find("__pycache__/") != std::string::npos || name.starts_with('.')) continue;
      is_python_ = is_python_ || name.ends_with(".py");
      files_.push_back(name);
      if (!known.contains(name)) new_.insert(name);
    }
    return {};
  }

  Result<void> hold_rules() {
    auto database = job_.make_folder();
    if (!database) return tl::unexpected(database.error());
    PluginRequest rules;
    rules.action = "rules";
    rules.versions = job_.versions_below(job_.root);
    rules.file_name = job_.migrations.file_name;
    // One of both says where the rules begin.
    const std::string& since = job_.dialect.rules_since;
    if (!options_.all) rules.since = since;
    for (const std::string& name : files_) {
      if (!options_.all && since.empty() && !new_.contains(name)) rules.known.push_back(name);
    }
    auto answer = run_plugin(job_, std::move(rules), database->path());
    if (!answer) return tl::unexpected(answer.error());
    revisions_ = std::move(answer->revisions);
    for (Finding& each : answer->findings) {
      each.file = relative(each.file);
      // What is in the base already, somebody has meant.
      const bool is_new = new_.contains(std::string(file_name(each.file)));
      if (each.is_warning && is_new && !options_.allow_destructive && !options_.all) {
        each.is_warning = false;
        each.message += " (meant? `--allow-destructive`)";
      }
      findings_.push_back(std::move(each));
    }
    if (!since.empty()) add_those_after(since);
    return {};
  }

  void add_those_after(const std::string& since) {
    std::set<std::string> before;
    std::vector<std::string> waiting{since};
    while (!waiting.empty()) {
      const std::string revision = std::move(waiting.back());
      waiting.pop_back();
      const auto found = std::ranges::find(revisions_, revision, &KnownRevision::revision);
      if (found == revisions_.end() || !before.insert(revision).second) continue;
      waiting.insert(waiting.end(), found->parents.begin(), found->parents.end());
    }
    for (const KnownRevision& each : revisions_) {
      if (!before.contains(each.revision)) new_.insert(name_of(each));
    }
  }

  Result<void> compare_models() {
    auto database = job_.make_database();
    if (!database) return tl::unexpected(database.error());
    if (auto ready = bring_to_head(job_, *database); !ready) return ready;
    const auto answer = compare(job_, options_.base, *database);
    if (!answer) return tl::unexpected(answer.error());
    for (const std::string& each : answer->operations)
      add("models", job_.dialect.versions, 0,
          fmt::format("the models differ from the revisions: {} (`devtask migrate -m NAME` writes it)",
                      each));
    return {};
  }

  // Below the new revisions: a database that has been above hides what their downgrades lose.
  Result<void> make_round_trip() {
    const std::set<std::string> tried = options_.all ? std::set(files_.begin(), files_.end()) : new_;
    const bool any = std::ranges::any_of(
        revisions_, [&](const KnownRevision& each) { return tried.contains(name_of(each)); });
    if (!any) return {};
    const std::string start = newest_known(tried);
    auto database = job_.make_database();
    if (!database) return tl::unexpected(database.error());
    if (start != "base") {
      const std::string key = head_image_key(job_, {}, tried);
      auto restored = restore_image(job_, *database, key);
      if (!restored) return tl::unexpected(restored.error());
      if (!*restored) {
        PluginRequest guard;
        guard.action = "guard";
        const auto upgraded =
            run_tool(job_, {job_.migrations.upgrade, *database, std::move(guard), {}, start});
        if (!upgraded) return tl::unexpected(upgraded.error());
        if (upgraded->failed())
          return failure(tool_failure(job_, "cannot upgrade to revision " + start, *upgraded));
        keep_image(job_, *database, key);
      }
    }
    PluginRequest trip;
    trip.action = "round_trip";
    trip.from = start;
    auto trial = TrialRevision::make(job_, "round trip");
    if (!trial) return tl::unexpected(trial.error());
    const auto outcome = trial->run(*database, std::move(trip));
    if (!outcome) return tl::unexpected(outcome.error());
    if (!outcome->answer || !outcome->answer->done() || !outcome->answer->round_trip)
      return failure(tool_failure(job_, "cannot go down and up again", *outcome));
    for (const RoundTripProblem& each : *outcome->answer->round_trip) {
      const std::string path = each.path.empty() ? path_of(each.revision) : relative(each.path);
      add("round-trip", path, each.line, fmt::format("{}: {}", each.step, each.message));
    }
    return {};
  }

  // A tool that only knows how to write the next file: what it writes is taken away again.
  Result<void> ask_plain() {
    auto database = job_.make_database();
    if (!database) return tl::unexpected(database.error());
    if (auto ready = bring_to_head(job_, *database); !ready) return ready;
    auto trial = TrialRevision::make(job_, "check");
    if (!trial) return tl::unexpected(trial.error());
    const auto outcome = trial->run(*database, {});
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->failed())
      return failure(tool_failure(job_, "cannot compare the models with the revisions", *outcome));
    const auto written = trial->files();
    if (!written) return tl::unexpected(written.error());
    if (!written->empty()) {
      add("models", job_.dialect.versions, 0,
          "the models differ from the revisions (`devtask migrate -m NAME` writes the next one)");
    }
    return {};
  }

  Result<void> try_plain() {
    if (new_.empty()) return {};
    auto database = job_.make_database();
    if (!database) return tl::unexpected(database.error());
    const auto newest = std::ranges::max_element(files_);
    const std::string parent = revision_before(job_.versions_below(job_.root), *newest);
    if (parent != "base") {
      const auto upgraded = run_tool(job_, {job_.migrations.upgrade, *database, {}, {}, parent});
      if (!upgraded) return tl::unexpected(upgraded.error());
      if (upgraded->failed())
        return failure(tool_failure(job_, "cannot upgrade to revision " + parent, *upgraded));
    }
    auto problems = round_trip_of_plain(job_, *database, parent);
    if (!problems) return tl::unexpected(problems.error());
    for (std::string& each : *problems)
      add("round-trip", job_.dialect.versions + "/" + *newest, 0, std::move(each));
    return {};
  }

  Result<void> read_notes() {
    if (!job_.migrations.notes) return {};
    const std::string& path = job_.migrations.notes->value;
    const auto text = read_file(join_path(job_.root, path));
    if (!text) return tl::unexpected(text.error());
    std::vector<std::string> labels;
    for (const Dialect& each : job_.migrations.dialects) labels.push_back(each.label);
    std::vector<RevisionsToFind> dialects;
    for (const std::string& label : labels) dialects.push_back({label, {}, {}});
    const auto of_label = [&](const std::string& label) {
      return std::ranges::find(dialects, label, &RevisionsToFind::label);
    };
    // Those of the other dialects are looked at with them.
    for (const NotesEntry& entry : parse_notes(*text, labels)) {
      for (const NotedRevision& noted : entry.revisions) {
        if (noted.label != job_.dialect.label)
          std::ranges::copy(noted.ids, std::back_inserter(of_label(noted.label)->all));
      }
    }
    RevisionsToFind& own = *of_label(job_.dialect.label);
    for (const std::string& name : files_) {
      const std::string id = is_python_ ? id_of(name) : revision_of_file(name);
      if (id.empty()) continue;
      own.all.push_back(id);
      if (new_.contains(name) || options_.all) own.fresh.push_back(id);
    }
    for (NotesProblem& each : notes_problems(*text, dialects)) {
      if (!each.fresh && !options_.all) continue;
      add("notes", path, each.line,
          each.help.empty() ? each.message : fmt::format("{} ({})", each.message, each.help));
    }
    return {};
  }

  std::string newest_known(const std::set<std::string>& tried) const {
    std::set<std::string> parents;
    for (const KnownRevision& each : revisions_) {
      if (!tried.contains(name_of(each))) parents.insert(each.parents.begin(), each.parents.end());
    }
    for (const KnownRevision& each : revisions_) {
      if (!tried.contains(name_of(each)) && !parents.contains(each.revision)) return each.revision;
    }
    return "base";
  }

  static std::string name_of(const KnownRevision& each) { return std::string(file_name(each.file)); }

  std::string id_of(const std::string& name) const {
    const auto found = std::ranges::find(revisions_, name, name_of);
    return found == revisions_.end() ? "" : found->revision;
  }

  std::string path_of(const std::string& revision) const {
    const auto found = std::ranges::find(revisions_, revision, &KnownRevision::revision);
    return found == revisions_.end() ? job_.dialect.versions : relative(found->file);
  }

  std::string relative(const std::string& path) const {
    return path.starts_with(job_.root + "/") ? path.substr(job_.root.size() + 1) : path;
  }

  void add(std::string rule, std::string file, std::size_t line, std::string message) {
    findings_.push_back({std::move(rule), std::move(file), std::move(message), line, false});
  }

  const MigrationJob& job_;
  const CheckOptions& options_;
  bool is_python_ = false;
  std::vector<std::string> files_;  // names of all revision files
  std::set<std::string> new_;  // of those that the rules are for: not in the base, or after `rules-since`
  std::vector<KnownRevision> revisions_;
  std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> check_revisions(const MigrationJob& job, const CheckOptions& options) {
  return Check(job, options).run();
}

Result<std::vector<std::string>> find_drift(const MigrationJob& job,
                                            const std::optional<MigrationBase>& base) {
  if (auto cleared = TrialRevision::clear_leftovers(job); !cleared) return tl::unexpected(cleared.error());
  auto database = job.make_database();
  if (!database) return tl::unexpected(database.error());
  if (auto ready = bring_to_head(job, *database); !ready) return tl::unexpected(ready.error());
  auto answer = compare(job, base, *database);
  if (!answer) return tl::unexpected(answer.error());
  return std::move(answer->left_out);
}

}  // namespace devtask
