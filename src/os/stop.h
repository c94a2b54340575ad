// Asking a run to stop, in two steps: first politely, then at once.
// Thread-safe; the file descriptors become readable (and stay so) for anybody who polls.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "os/file.h"

namespace devtask {

class StopRequest {
 public:
  StopRequest();
  // Fails if the system had no descriptors for it: it would never be heard.
  Result<void> check() const;

  void request();  // the first call asks to stop, each later one to stop at once
  // While a program has the terminal, Ctrl-C is its own business.
  void leave_interrupts_to_child(bool yes) { interrupts_left_ = yes; }
  bool interrupts_left() const { return interrupts_left_; }
  bool stopping() const;
  bool at_once() const;
  int stopping_fd() const { return stopping_.get(); }
  int at_once_fd() const { return at_once_.get(); }

 private:
  Fd stopping_;
  Fd at_once_;
  std::atomic<bool> interrupts_left_{false};
};

// While it lives, SIGINT, SIGTERM and SIGHUP call `stop.request()` (on a thread of its own) instead of ending
// this process, and SIGPIPE is ignored. Start it before any other thread, so that all of them inherit the
// mask.
class SignalWatch {
 public:
  static Result<SignalWatch> start(StopRequest& stop);
  SignalWatch(SignalWatch&&) noexcept;
  ~SignalWatch();

 private:
  struct Watcher;
  explicit SignalWatch(std::unique_ptr<Watcher> watcher);
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace devtask
