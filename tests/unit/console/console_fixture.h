// A console that writes into strings, by a clock that stands still until it is moved.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "console/console.h"

namespace devtask {

class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() {
    options_.out = [this](std::string_view text) { note(out_, text); };
    options_.err = [this](std::string_view text) { note(err_, text); };
    options_.now = [this] { return now_; };
    options_.current_size = [this] { return size_; };
    options_.redraw_thread = false;
  }

  Console& console() {
    if (!console_) console_.emplace(options_);
    return *console_;
  }
  void on(const Event& event) { console().on(event); }
  void close() { console_.reset(); }

  void start(const std::string& task, const std::string& why = "never ran here", bool interactive = false) {
    on(TaskStarted{task, why, "", interactive});
  }
  void output(const std::string& task, const std::string& bytes) { on(TaskOutput{task, bytes}); }
  void finish(const std::string& task, Outcome outcome = Outcome::kRan,
              std::chrono::milliseconds duration = std::chrono::milliseconds(1200)) {
    TaskFinished event;
    event.task = task;
    event.outcome = outcome;
    event.duration = duration;
    on(event);
  }
  void fail(const std::string& task, const std::string& log, int exit_status = 3) {
    TaskFinished event;
    event.task = task;
    event.outcome = Outcome::kFailed;
    event.exit_status = exit_status;
    event.duration = std::chrono::milliseconds(1200);
    event.log = log;
    event.rerun = "devtask " + task;
    on(event);
  }
  void replay(const std::string& task, Outcome outcome, const std::string& log) {
    TaskFinished event;
    event.task = task;
    event.outcome = outcome;
    event.duration = std::chrono::milliseconds(12300);
    const auto in_two_pieces = [&](const auto& piece) {
      const std::size_t half = log.size() / 2;
      piece(std::string_view(log).substr(0, half));
      piece(std::string_view(log).substr(half));
    };
    if (!log.empty()) event.replay = in_two_pieces;
    on(event);
  }
  void begin(std::size_t to_run, std::size_t to_restore = 0, std::size_t up_to_date = 0) {
    on(RunStarted{to_run + to_restore + up_to_date, up_to_date, to_restore, to_run, 2});
  }
  void end(RunFinished event) {
    event.duration = std::chrono::milliseconds(1200);
    on(event);
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  ConsoleOptions options_;
  std::string out_;
  std::string err_;
  std::string both_;  // as a terminal gets it
  TerminalSize size_{40, 12};
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};

 private:
  void note(std::string& stream, std::string_view text) {
    stream += text;
    both_ += text;
  }

  std::optional<Console> console_;  // last: its end writes
};

}  // namespace devtask
