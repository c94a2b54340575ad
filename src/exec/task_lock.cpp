#include "exec/task_lock.h"

#include <charconv>
#include <optional>

#include "os/process.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};

// "pid start\n": `start` tells a process from a later one with the same number.
struct Holder {
  int pid = 0;
  std::uint64_t start = 0;

  bool operator==(const Holder&) const = default;
};

std::optional<Holder> read_holder(const std::string& path) {
  const std::string text = read_file(path).value_or(std::string());
  Holder holder;
  const char *at = text.data(), *end = text.data() + text.size();
  const auto number = [&](auto& value) {
    const auto parsed = std::from_chars(at, end, value);
    if (parsed.ec != std::errc()) return false;
    at = parsed.ptr;
    if (at != end) ++at;
    return true;
  };
  if (number(holder.pid) && number(holder.start)) return holder;
  return std::nullopt;
}

std::string holder_text() {
  const int pid = own_process_id();
  return fmt::format("{} {}\n", pid, process_start(pid));
}

}  // namespace

Result<TaskLock> TaskLock::acquire(const std::string& path, const std::vector<std::string>& marks,
                                   const StopRequest& stop, const std::function<void(int pid)>& waiting) {
  bool waited = false, told = false;
  while (true) {
    auto lock = FileLock::try_acquire(path);
    if (!lock) return tl::unexpected(lock.error());
    if (*lock) {
      if (auto written = (*lock)->write_content(holder_text()); !written)
        return tl::unexpected(written.error());
      return TaskLock(std::move(**lock), waited);
    }
    const auto holder = read_holder(path);
    const bool alive = holder && process_alive(holder->pid) && process_start(holder->pid) == holder->start;
    if (holder && !alive) {
      // By what they were started with and by what they hold: the number of a group may be somebody else's by
      // now. Somebody alive may have the lock already and not yet have said so; he does before he starts
      // anything, so what was found before the dead one is named still is not his.
      const auto still = [&] { return read_holder(path) == holder; };
      kill_marked(marks, still);
      kill_holders(path, still);
    }
    if (!told && alive && waiting && holder->pid != own_process_id()) {
      waiting(holder->pid);
      told = true;
    }
    waited = true;
    // flock has no event to wait for together with a stop request.
    if (wait_readable(stop.stopping_fd(), kLook)) return failure("interrupted");
  }
}

// Only who was killed stays named.
TaskLock::~TaskLock() {
  if (lock_.fd() < 0) return;
  (void)lock_.write_content({});
  lock_.unlock();
}

}  // namespace devtask
