#include "os/stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
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

Result<void> StopRequest::check() const {
  if (stopping_ && at_once_) return {};
  return failure("cannot wait for signals: {}", std::strerror(EMFILE));
}

void StopRequest::request() { raise_event(stopping() ? at_once_ : stopping_); }
bool StopRequest::stopping() const { return is_raised(stopping_); }
bool StopRequest::at_once() const { return is_raised(at_once_); }

struct SignalWatch::Watcher {
  Watcher() {
    const sigset_t set = stop_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, &previous);
    signals = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  }
  ~Watcher() {
    if (thread.joinable()) {
      raise_event(quit);
      thread.join();
    }
    ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  }

  void watch(StopRequest& stop) const {
    pollfd waiting[2] = {{signals.get(), POLLIN, 0}, {quit.get(), POLLIN, 0}};
    while (true) {
      if (::poll(waiting, 2, -1) < 0) continue;
      if (waiting[1].revents != 0) return;
      signalfd_siginfo info;
      if (::read(signals.get(), &info, sizeof info) != sizeof info) continue;
      if (info.ssi_signo == SIGINT && stop.interrupts_left()) continue;
      stop.request();
    }
  }

  sigset_t previous;
  Fd signals;
  Fd quit = new_event();
  std::jthread thread;
};

Result<SignalWatch> SignalWatch::start(StopRequest& stop) {
  if (auto usable = stop.check(); !usable) return tl::unexpected(usable.error());
  auto watcher = std::make_unique<Watcher>();
  if (!watcher->signals || !watcher->quit)
    return failure("cannot wait for signals: {}", std::strerror(EMFILE));
  ::signal(SIGPIPE, SIG_IGN);
  try {
    watcher->thread = std::jthread([raw = watcher.get(), &stop] { raw->watch(stop); });
  } catch (const std::system_error& refused) {
    return failure("cannot start a thread: {}", refused.what());
  }
  return SignalWatch(std::move(watcher));
}

SignalWatch::SignalWatch(std::unique_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
SignalWatch::SignalWatch(SignalWatch&&) noexcept = default;
SignalWatch::~SignalWatch() = default;

}  // namespace devtask
