#include "os/stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace devtask {
namespace {

Fd new_event() { return Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void raise_event(const Fd& event) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event.get(), &one, sizeof one);
}

bool is_raised(const Fd& event) {
  pollfd waiting{event.get(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

StopRequest::StopRequest() : stopping_(new_event()), at_once_(new_event()) {}

void StopRequest::request() { raise_event(stopping() ? at_once_ : stopping_); }
bool StopRequest::stopping() const { return is_raised(stopping_); }
bool StopRequest::at_once() const { return is_raised(at_once_); }

struct SignalWatch::Watcher {
  sigset_t previous;
  Fd signals;
  Fd quit = new_event();
  std::jthread thread;
};

SignalWatch::SignalWatch(StopRequest& stop) : watcher_(new Watcher) {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, &watcher_->previous);
  ::signal(SIGPIPE, SIG_IGN);
  watcher_->signals = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  watcher_->thread = std::jthread([this, &stop] {
    pollfd waiting[2] = {{watcher_->signals.get(), POLLIN, 0}, {watcher_->quit.get(), POLLIN, 0}};
    while (true) {
      if (::poll(waiting, 2, -1) < 0) continue;
      if (waiting[1].revents != 0) return;
      signalfd_siginfo info;
      if (::read(watcher_->signals.get(), &info, sizeof info) != sizeof info) continue;
      if (info.ssi_signo == SIGINT && stop.interrupts_left()) continue;
      stop.request();
    }
  });
}

SignalWatch::~SignalWatch() {
  raise_event(watcher_->quit);
  watcher_->thread.join();
  ::pthread_sigmask(SIG_SETMASK, &watcher_->previous, nullptr);
  delete watcher_;
}

}  // namespace devtask
