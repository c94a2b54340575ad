// Keeps what happened as lines of text.
#pragma once

#include <mutex>
#include <string>

#include "event/event.h"

namespace devtask {

class RecordedEvents final : public EventSink {
 public:
  void on(const Event& event) override {
    const std::scoped_lock lock(mutex_);
    std::visit([this](const auto& one) { note(one); }, event);
  }
  // What came since the last call.
  std::string take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  void note(const RunStarted& run) {
    text_ += fmt::format("run: {} tasks, {} up to date, {} to restore, {} to run\n", run.tasks,
                         run.up_to_date, run.to_restore, run.to_run);
  }
  void note(const TaskStarted& task) { text_ += "start " + task.task + ": " + task.why + "\n"; }
  void note(const TaskOutput& output) { text_ += "output " + output.task + ": " + output.bytes + "\n"; }
  void note(const TaskFinished& task) {
    static constexpr const char* kNames[] = {"up to date", "restored", "ran",      "failed",
                                             "timed out",  "skipped",  "cancelled"};
    text_ += "end " + task.task + ": " + kNames[static_cast<int>(task.outcome)];
    if (task.exit_status != 0) text_ += " " + std::to_string(task.exit_status);
    if (!task.why.empty()) text_ += " (" + task.why + ")";
    if (!task.log.empty()) text_ += " log: " + task.log;
    if (task.log_left_out > 0) text_ += fmt::format(" without {} bytes", task.log_left_out);
    if (task.replay) {
      text_ += " log: ";
      task.replay([&](std::string_view piece) { text_ += piece; });
    }
    if (!task.rerun.empty()) text_ += " rerun: " + task.rerun;
    if (!task.blocked_by.empty()) text_ += " because of " + task.blocked_by;
    text_ += "\n";
  }
  void note(const TestsReported& tests) {
    text_ += fmt::format("tests {}: {} passed, {} failed, {} skipped; files: {} ran, {} cached, {} not run\n",
                         tests.task, tests.passed, tests.failed, tests.skipped, tests.units_ran,
                         tests.units_cached, tests.units_not_run);
  }
  void note(const FilesReported& files) {
    text_ +=
        fmt::format("files {}: {} would change, {} failed, {} clean, {} known, {} not run\n", files.task,
                    files.would_change.size(), files.failed.size(), files.clean, files.known, files.not_run);
  }
  void note(const Notice& notice) { text_ += render(notice.diagnostic, false); }
  void note(const RunFinished& run) {
    text_ += fmt::format(
        "done: {} ran, {} restored, {} up to date, {} failed, {} skipped, {} cancelled, exit {}\n", run.ran,
        run.restored, run.up_to_date, run.failed, run.skipped, run.cancelled, run.exit_code);
  }

  std::mutex mutex_;
  std::string text_;
};

}  // namespace devtask
