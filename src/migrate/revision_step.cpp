#include "migrate/revision_step.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/escape.h"
#include "exec/outputs.h"
#include "migrate/head_image.h"
#include "migrate/migration_tool.h"
#include "migrate/round_trip.h"
#include "migrate/trial_revision.h"
#include "os/file.h"

namespace devtask {
namespace {

using Json = nlohmann::json;

std::optional<std::time_t> moment(const char* format, const std::string& text) {
  std::tm parts{};
  if (std::sscanf(text.c_str(), format, &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                  &parts.tm_min, &parts.tm_sec) != 6)
    return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return timegm(&parts);
}

// When the revision is said to be made: after the newest one and after the base, so that it is behind them in
// every list, and the same wherever it is made.
std::string moment_after(const MigrationJob& job, const std::optional<MigrationBase>& base) {
  constexpr std::string_view kCreated = "Create Date: ";
  std::time_t latest = 0;
  if (base) {
    const auto made = moment("%d-%d-%dT%d:%d:%d", base->time);
    int hours = 0, minutes = 0;
    char sign = '+';
    const std::string zone = base->time.substr(std::min<std::size_t>(19, base->time.size()));
    (void)std::sscanf(zone.c_str(), "%c%d:%d", &sign, &hours, &minutes);
    const std::time_t offset = (hours * 60 + minutes) * 60;
    if (made) latest = *made + (zone.starts_with('-') ? offset : zone.starts_with('+') ? -offset : 0);
  }
  const auto entries = list_folder(job.versions_below(job.root));
  for (const FolderEntry& entry : entries ? *entries : std::vector<FolderEntry>()) {
    const auto text = read_head(join_path(job.versions_below(job.root), entry.name), 4096);
    const std::size_t at = text ? text->find(kCreated) : std::string::npos;
    if (at == std::string::npos) continue;
    const auto made = moment("%d-%d-%d %d:%d:%d", text->substr(at + kCreated.size(), 19));
    latest = std::max(latest, made.value_or(0));
  }
  const std::time_t next = latest + 1;
  std::tm parts{};
  gmtime_r(&next, &parts);
  char shown[sizeof "2026-11-23T06:03:13Z"] = {};
  std::strftime(shown, sizeof shown, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return shown;
}

void tell_choice(const MigrationJob& job, const PluginAnswer& answer, const RevisionOptions& options) {
  for (const std::string& each : answer.operations) job.say("  " + each);
  for (const std::string& each : answer.mended) job.say("  mended: " + each);
  for (const std::string& each : answer.needed)
    job.say(fmt::format("  kept, since your change needs it: {}", each));
  if (!answer.left_out.empty()) {
    job.say(fmt::format("  left out: {} {} that the base reports, too (`devtask migrate drift` lists them)",
                        answer.left_out.size(), answer.left_out.size() == 1 ? "difference" : "differences"));
  }
  for (const std::string& each : answer.coincides) {
    job.say(fmt::format("  left out, but on what has changed in the models: {} (meant? `--keep '{}'`)", each,
                        each));
  }
  if (!options.keep.empty() && answer.kept_on_request.empty() && !options.keep_all) {
    job.say(
        "warning: nothing that would be left out is called as `--keep` says: `devtask migrate drift` has the "
        "names");
  }
  for (const std::string& each : answer.gone)
    job.say(fmt::format("  no longer reported, though the base has it: {}", each));
  if (answer.operations.empty() && answer.models_changed && answer.gone.empty() && !options.keep_all) {
    job.say(
        "the models have changed, and the tool sees no difference: alembic does not compare CHECK "
        "constraints, and types and server defaults only if env.py says compare_type and "
        "compare_server_default");
  }
}

class Revising {
 public:
  Revising(const MigrationJob& job, const RevisionOptions& options) : job_(job), options_(options) {}

  Result<RevisionFound> run() {
    if (auto cleared = TrialRevision::clear_leftovers(job_); !cleared) return tl::unexpected(cleared.error());
    auto database = job_.make_database();
    if (!database) return tl::unexpected(database.error());
    if (auto ready = bring_to_head(job_, *database); !ready) return tl::unexpected(ready.error());
    PluginRequest request;
    request.action = "revise";
    request.name = options_.name;
    request.keep = options_.keep;
    request.keep_all = options_.keep_all;
    request.dry_run = options_.preview;
    request.now = moment_after(job_, options_.base);
    if (options_.base && !options_.keep_all) {
      auto report = base_report(job_, *options_.base, database->folder());
      if (!report) return tl::unexpected(report.error());
      request.base_report = std::move(*report);
    }
    if (options_.preview) return preview(*database, std::move(request));
    const std::set<std::string> before = files();
    const auto outcome =
        run_tool(job_, {job_.migrations.revision, *database, std::move(request), options_.name});
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->is_unwatched()) remove_made(before);
    if (!outcome->answer && outcome->exit_status == 0) return take_plain(*database, before);
    if (!outcome->answer || !outcome->answer->done()) return cannot_compare(*outcome);
    return take(*database, *outcome->answer);
  }

 private:
  Result<RevisionFound> preview(const ScratchDatabase& database, PluginRequest request) {
    auto trial = TrialRevision::make(job_, options_.name);
    if (!trial) return tl::unexpected(trial.error());
    const auto outcome = trial->run(database, std::move(request));
    if (!outcome) return tl::unexpected(outcome.error());
    if (outcome->answer && outcome->answer->done()) return take(database, *outcome->answer);
    if (outcome->answer || outcome->exit_status != 0) return cannot_compare(*outcome);
    const auto written = trial->files();
    if (!written) return tl::unexpected(written.error());
    std::vector<std::string> made;
    for (const TrialRevision::File& each : *written) made.push_back(each.path);
    auto found = found_plain(made);
    if (!found || made.empty()) return found;
    found->text = written->front().text;
    job_.say("would write " + escape_line(found->path));
    return found;
  }

  Result<RevisionFound> cannot_compare(const ToolOutcome& outcome) const {
    return failure(tool_failure(job_, "cannot compare the models with the revisions", outcome));
  }

  // What a tool that nobody watched has just written, where that is certain.
  void remove_made(const std::set<std::string>& before) const {
    std::vector<std::string> made;
    std::ranges::set_difference(files(), before, std::back_inserter(made));
    if (made.size() != 1) return;
    const std::string file = join_path(job_.root, made.front());
    const auto text = read_file(file);
    if (text && text->find(options_.name) != std::string::npos) (void)remove_file(file);
  }

  std::set<std::string> files() const {
    std::set<std::string> paths;
    const auto globs = GlobList::parse({job_.dialect.versions + "/"});
    for (OutputEntry& entry : scan_outputs(job_.root, globs.value_or(GlobList()))) {
      if (entry.kind == OutputEntry::Kind::kFile && entry.path.find("__pycache__/") == std::string::npos)
        paths.insert(std::move(entry.path));
    }
    return paths;
  }

  Result<RevisionFound> take(const ScratchDatabase& database, const PluginAnswer& answer) {
    RevisionFound found = begin();
    found.operations = answer.operations;
    found.left_out = answer.left_out;
    if (answer.path.empty()) {
      job_.say(answer.left_out.empty() || options_.keep_all
                   ? "nothing to write: the revisions lead to the models"
                   : "nothing to write: models and revisions differ in nothing of yours");
      tell_choice(job_, answer, options_);
      return found;
    }
    found.path = relative(answer.path);
    found.revision = answer.revision;
    found.text = answer.text;
    if (options_.preview) {
      job_.say("would write " + escape_line(found.path));
      tell_choice(job_, answer, options_);
      return found;
    }
    job_.say("wrote " + escape_line(found.path));
    tell_choice(job_, answer, options_);
    for (const RoundTripProblem& each :
         answer.round_trip ? *answer.round_trip : std::vector<RoundTripProblem>())
      found.mistakes.push_back(fmt::format("{}: {}", each.step, each.message));
    if (auto whole = finish(database, found); !whole) return tl::unexpected(whole.error());
    return found;
  }

  // Of a tool that is not Python.
  Result<RevisionFound> found_plain(const std::vector<std::string>& made) const {
    RevisionFound found = begin();
    if (made.empty()) {
      job_.say("nothing to write: the tool made no file");
      return found;
    }
    if (made.size() > 1) {
      return failure(
          error("the tool made {} files where one was expected: `{}`, `{}`", made.size(), made[0], made[1]));
    }
    found.path = made.front();
    found.revision = revision_of_file(found.path);
    return found;
  }

  // What it has written is what there is now and was not before.
  Result<RevisionFound> take_plain(const ScratchDatabase& database, const std::set<std::string>& before) {
    std::vector<std::string> made;
    std::ranges::set_difference(files(), before, std::back_inserter(made));
    auto taken = found_plain(made);
    if (!taken || made.empty()) return taken;
    RevisionFound& found = *taken;
    job_.say("wrote " + escape_line(found.path));
    const std::string parent = revision_before(job_.versions_below(job_.root), found.path);
    auto problems = round_trip_of_plain(job_, database, parent);
    if (!problems) return tl::unexpected(problems.error());
    found.mistakes = std::move(*problems);
    if (auto whole = finish(database, found); !whole) return tl::unexpected(whole.error());
    return taken;
  }

  RevisionFound begin() const {
    RevisionFound found;
    found.dialect = job_.dialect.name;
    return found;
  }

  std::string relative(const std::string& path) const {
    return path.starts_with(job_.root + "/") ? path.substr(job_.root.size() + 1) : path;
  }

  // A database that has come to the new head without a fault is where the next step begins.
  Result<void> finish(const ScratchDatabase& database, RevisionFound& found) {
    if (options_.format) {
      if (auto formatted = options_.format(found.path); !formatted)
        job_.say("the new file is not formatted: " + formatted.error().message);
    }
    if (auto text = read_file(join_path(job_.root, found.path))) found.text = std::move(*text);
    if (found.mistakes.empty()) keep_image(job_, database, head_image_key(job_));
    return warn(database, found);
  }

  Result<void> warn(const ScratchDatabase& database, RevisionFound& found) {
    if (!found.path.ends_with(".py")) return {};
    PluginRequest rules;
    rules.action = "rules";
    rules.versions = job_.versions_below(job_.root);
    for (const std::string& path : files()) {
      if (path != found.path) rules.known.emplace_back(file_name(path));
    }
    const auto answer = run_plugin(job_, std::move(rules), database.folder());
    if (!answer) return tl::unexpected(answer.error());
    for (const Finding& each : answer->findings) {
      if (relative(each.file) != found.path) continue;
      found.warnings.push_back(fmt::format("{}:{}: {}", found.path, each.line, each.message));
      job_.say("  warning: " + found.warnings.back());
    }
    return {};
  }

  const MigrationJob& job_;
  const RevisionOptions& options_;
};

}  // namespace

std::string to_text(const RevisionFound& found) {
  const Json json = {{"dialect", found.dialect},       {"path", found.path},
                     {"revision", found.revision},     {"text", found.text},
                     {"operations", found.operations}, {"left_out", found.left_out},
                     {"warnings", found.warnings},     {"mistakes", found.mistakes}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RevisionFound> revision_found_from_text(std::string_view text) try {
  const Json json = Json::parse(text);
  RevisionFound found;
  json.at("dialect").get_to(found.dialect);
  json.at("path").get_to(found.path);
  json.at("revision").get_to(found.revision);
  json.at("text").get_to(found.text);
  json.at("operations").get_to(found.operations);
  json.at("left_out").get_to(found.left_out);
  json.at("warnings").get_to(found.warnings);
  json.at("mistakes").get_to(found.mistakes);
  return found;
} catch (const Json::exception& problem) {
  return failure(error("what a step has found cannot be read").note(problem.what()));
}

Result<RevisionFound> make_revision(const MigrationJob& job, const RevisionOptions& options) {
  return Revising(job, options).run();
}

}  // namespace devtask
