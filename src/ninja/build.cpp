#include "ninja/build.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "base/escape.h"
#include "exec/out_file.h"
#include "ninja/manifest.h"
#include "ninja/run_folder.h"
#include "ninja/shim_server.h"
#include "os/file.h"
#include "os/parallel.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr char kSocketName[] = "socket";
constexpr std::chrono::milliseconds kLook{200};

class Build {
 public:
  Build(const RunnerParts& parts, std::vector<TaskState> states, const BuildOptions& options)
      : parts_(parts),
        options_(options),
        runner_(parts, std::move(states)),
        outcomes_(parts.plan.tasks.size()),
        start_(std::chrono::steady_clock::now()) {}

  ExitCode run() {
    schedule_ = make_schedule(parts_.plan, runner_.states());
    announce();
    count_up_to_date();
    if (!schedule_.nothing_to_do()) {
      if (auto created = parts_.state.create(); !created) {
        give_up(std::move(created.error()));
        return ExitCode::kUsage;
      }
      restore_hits();
      if (!schedule_.run.empty() && !parts_.stop.stopping()) {
        if (auto built = run_ninja(); !built) return give_up(std::move(built.error()));
      }
      settle();
    }
    return finish();
  }

 private:
  const PlannedTask& task(TaskIndex index) const { return parts_.plan.tasks[index]; }

  void announce() {
    RunStarted started;
    started.tasks = schedule_.up_to_date.size() + schedule_.restore.size() + schedule_.run.size();
    started.up_to_date = schedule_.up_to_date.size();
    started.to_restore = schedule_.restore.size();
    started.to_run = schedule_.run.size();
    started.jobs = options_.jobs;
    for (const TaskIndex index : schedule_.run)
      started.processes = std::max(started.processes, runner_.batches(index));
    parts_.events.on(started);
  }

  void count_up_to_date() {
    for (const TaskIndex index : schedule_.up_to_date) {
      const TaskState& state = runner_.states()[index];
      outcomes_[index] = Outcome::kUpToDate;
      runner_.tell_units(index);
      if (!options_.tell_up_to_date) continue;
      TaskFinished finished;
      finished.task = task(index).label;
      finished.outcome = Outcome::kUpToDate;
      finished.duration = state.result->duration;
      if (options_.replay_up_to_date && state.result->log && parts_.blobs != nullptr) {
        finished.replay = replay_of(*parts_.blobs, *state.result->log);
      }
      parts_.events.on(std::move(finished));
    }
  }

  // What cannot be restored after all has to run, and then its dependencies have to be in place too.
  void restore_hits() {
    if (schedule_.restore.empty()) return;
    const ProfileSpan span(parts_.profile, "restore what is in the cache");
    while (!schedule_.restore.empty()) {
      std::atomic<bool> all{true};
      parallel_for(schedule_.restore.size(), 1, [&](std::size_t i) {
        const TaskIndex index = schedule_.restore[i];
        if (outcomes_[index] || parts_.stop.stopping()) return;
        outcomes_[index] = runner_.restore(index);
        if (!outcomes_[index]) all = false;
      });
      if (all || parts_.stop.stopping()) return;
      for (const TaskIndex index : runner_.unsettle()) outcomes_[index].reset();
      schedule_ = make_schedule(parts_.plan, runner_.states());
      const auto is_done = [&](TaskIndex index) { return outcomes_[index].has_value(); };
      if (std::all_of(schedule_.restore.begin(), schedule_.restore.end(), is_done)) return;
    }
  }

  Result<void> run_ninja() {
    if (!options_.ninja) return tl::unexpected(options_.ninja.error());
    ProfileSpan writing(parts_.profile, "write the graph");
    auto folder = RunFolder::create(parts_.state.runs());
    if (!folder) return tl::unexpected(folder.error());
    const std::string relative = std::string(kStateName) + "/runs/" + folder->name();
    const std::vector<Chain> chains = make_chains(parts_.plan, schedule_);
    const std::string text =
        run_manifest(parts_.plan, runner_.states(), schedule_, chains,
                     {options_.shim, relative, [this](TaskIndex index) { return runner_.batches(index); }});
    if (auto written = write_file(folder->path() + "/build.ninja", text); !written) return written;
    if (auto written = write_known_outs(chains); !written) return written;

    writing.end();
    const ProfileSpan running(parts_.profile, "ninja");
    for (const TaskIndex index : schedule_.run) {
      by_id_.emplace(task(index).id, index);
      mend_time(parts_.state.out(task(index).id));
    }
    auto server = ShimServer::start(folder->path(), kSocketName, options_.jobs,
                                    [this](const std::vector<std::string>& ids) { return serve(ids); });
    if (!server) return tl::unexpected(server.error());

    ProcessRequest request;
    request.program = *options_.ninja;
    request.argv = {"ninja", "-f", relative + "/build.ninja", "-j", std::to_string(options_.jobs)};
    if (options_.keep_going) request.argv.insert(request.argv.end(), {"-k", "0"});
    request.env = options_.environment;
    request.env.push_back("DEVTASK_RUN=" + relative + "/" + kSocketName);
    request.folder = parts_.plan.project->root;
    auto ninja = BackgroundProcess::start(request);
    if (!ninja) return tl::unexpected(ninja.error());
    std::string said = follow(*ninja);
    const int status = ninja->wait();
    server->reset();  // a task can outlive a Ninja that was killed: from here on nobody else writes outcomes
    while (said.ends_with('\n')) said.pop_back();
    const bool explained = parts_.stop.stopping() || any_failed();
    if (status != 0 && !explained) {
      return failure(error("ninja stopped with exit status {}", status).note(escape_line(said)));
    }
    return {};
  }

  // Ninja spares a task whose dependencies come out as they were: as they were last time, whoever brought
  // them up to date.
  Result<void> write_known_outs(const std::vector<Chain>& chains) {
    for (const Chain& chain : chains) {
      for (const TaskIndex dep : awaited(parts_.plan, schedule_, chain.front())) {
        const auto last = parts_.journal.last_success(task(dep).id);
        if (!last) continue;
        const bool local = task(dep).task->cache == CacheMode::kLocal;
        if (auto written = write_out(dep, local ? last->key : last->result.outputs_digest()); !written)
          return written;
      }
    }
    return {};
  }

  Result<void> write_out(TaskIndex index, const std::optional<Digest>& seen) {
    return write_out_file(parts_.state.out(task(index).id), seen);
  }

  // Until Ninja ends. It is not told to stop: its tasks end, and with them it. A second request ends it at
  // once.
  std::string follow(BackgroundProcess& ninja) {
    std::string said;
    while (true) {
      if (!wait_readable(ninja.output_fd(), kLook)) {
        if (parts_.stop.at_once()) ninja.kill();
        continue;
      }
      const auto piece = read_available(ninja.output_fd());
      if (!piece) return said;
      said += *piece;
    }
  }

  unsigned char serve(const std::vector<std::string>& ids) {
    TaskIndex last = 0;
    for (const std::string& id : ids) {
      const std::size_t mark = id.find(kBatchMark);
      const auto found = by_id_.find(id.substr(0, mark));
      if (found == by_id_.end()) return static_cast<unsigned char>(ExitCode::kInternal);
      if (parts_.stop.stopping()) return static_cast<unsigned char>(ExitCode::kInterrupted);
      if (mark != std::string::npos) {
        runner_.run_batch(found->second, static_cast<std::size_t>(std::atoi(id.c_str() + mark + 1)));
        return 0;  // what came of it the task says, when all of them have ended
      }
      last = found->second;
      const Outcome outcome = bring_up_to_date(last);
      if (succeeded(outcome)) continue;
      return static_cast<unsigned char>(std::clamp(runner_.exit_status(found->second), 1, 255));
    }
    if (auto written = write_out(last, runner_.seen(last)); !written) {
      parts_.events.on(Notice{std::move(written.error())});
      return static_cast<unsigned char>(ExitCode::kTaskFailed);
    }
    return 0;
  }

  Outcome bring_up_to_date(TaskIndex index) {
    const Outcome outcome = runner_.bring_up_to_date(index);
    auto ended = runner_.take_settled();
    ended.emplace_back(index, outcome);
    const std::scoped_lock lock(mutex_);
    for (const auto& [each, how] : ended) {
      if (how == Outcome::kSkipped) continue;  // told at the end, with what blocked it
      outcomes_[each] = how;
      if (!succeeded(how) && !first_failure_) first_failure_ = each;
    }
    return outcome;
  }

  bool any_failed() {
    const std::scoped_lock lock(mutex_);
    return std::any_of(outcomes_.begin(), outcomes_.end(),
                       [](const std::optional<Outcome>& outcome) { return outcome && !succeeded(*outcome); });
  }

  // Tasks that Ninja never came to: spared because their dependencies came out as before, or not run.
  void settle() {
    if (parts_.stop.stopping()) kill_descendants();
    for (const TaskIndex index : schedule_.run) {
      if (outcomes_[index]) continue;
      // All of its processes had ended when Ninja stopped, for another task.
      if (const auto ended = runner_.ended_units(index); ended && *ended != Outcome::kSkipped) {
        outcomes_[index] = ended;
        continue;
      }
      // Spared by Ninja, which sees times. What counts is the content: a file may have changed during the
      // run.
      const bool goes_on =
          !parts_.stop.stopping() && !failed_dependency(index) && !first_failure_ && !given_up_;
      if (goes_on && bring_up_to_date(index) != Outcome::kSkipped) continue;
      outcomes_[index] = parts_.stop.stopping() ? Outcome::kCancelled : Outcome::kSkipped;
      const auto blocker = failed_dependency(index);
      if (parts_.stop.stopping() || !(blocker || first_failure_)) continue;
      TaskFinished finished;
      finished.task = task(index).label;
      finished.outcome = Outcome::kSkipped;
      finished.blocked_by = task(blocker.value_or(first_failure_.value_or(index))).label;
      parts_.events.on(std::move(finished));
    }
  }

  std::optional<TaskIndex> failed_dependency(TaskIndex index) const {
    for (const TaskIndex dep : awaited(parts_.plan, schedule_, index)) {
      if (!outcomes_[dep] || succeeded(*outcomes_[dep])) continue;
      if (*outcomes_[dep] != Outcome::kSkipped) return dep;
      if (auto deeper = failed_dependency(dep)) return deeper;
    }
    return std::nullopt;
  }

  ExitCode give_up(Diagnostic diagnostic) {
    parts_.events.on(Notice{std::move(diagnostic)});
    given_up_ = true;
    settle();
    finish();
    return ExitCode::kTaskFailed;
  }

  ExitCode finish() {
    runner_.flush_cache();
    RunFinished finished;
    bool timed_out = false, failed = false, no_tests = false;
    for (TaskIndex index = 0; index < outcomes_.size(); ++index) {
      if (!outcomes_[index]) continue;
      const TaskState& state = runner_.states()[index];
      switch (*outcomes_[index]) {
        case Outcome::kRan:
          ++finished.ran;
          break;
        case Outcome::kRestored:
          ++finished.restored;
          break;
        case Outcome::kUpToDate:
          ++finished.up_to_date;
          break;
        case Outcome::kTimedOut:
          timed_out = true;
          ++finished.failed;
          break;
        case Outcome::kFailed:
          (runner_.found_nothing(index) ? no_tests : failed) = true;
          ++finished.failed;
          break;
        case Outcome::kSkipped:
          ++finished.skipped;
          break;
        case Outcome::kCancelled:
          ++finished.cancelled;
          break;
      }
      const bool spared = *outcomes_[index] == Outcome::kRestored || *outcomes_[index] == Outcome::kUpToDate;
      if (spared && state.result) finished.saved += state.result->duration;
    }
    const ExitCode code = parts_.stop.stopping() ? ExitCode::kInterrupted
                          : failed               ? ExitCode::kTaskFailed
                          : timed_out            ? ExitCode::kTimeLimit
                          : no_tests             ? ExitCode::kNoTests
                                                 : ExitCode::kDone;
    finished.duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
    finished.exit_code = static_cast<int>(code);
    parts_.events.on(finished);
    return code;
  }

  const RunnerParts& parts_;
  const BuildOptions& options_;
  TaskRunner runner_;
  Schedule schedule_;
  bool given_up_ = false;
  std::mutex mutex_;  // guards what follows while Ninja runs
  std::vector<std::optional<Outcome>> outcomes_;
  std::optional<TaskIndex> first_failure_;
  std::unordered_map<std::string, TaskIndex> by_id_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

ExitCode run_build(const RunnerParts& parts, std::vector<TaskState> states, const BuildOptions& options) {
  return Build(parts, std::move(states), options).run();
}

}  // namespace devtask
