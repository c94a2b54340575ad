#include "os/write_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace devtask {
namespace {

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO;

}  // namespace

WriteWatch::WriteWatch(const std::set<std::string>& folders)
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), ending_(::eventfd(0, EFD_CLOEXEC)) {
  if (!inotify_ || !ending_) return;
  for (const std::string& folder : folders) {
    const int number = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents | IN_ONLYDIR);
    if (number < 0) continue;
    folders_[number] = folder;
    watched_.insert(folder);
  }
  reader_ = std::jthread([this] { read_along(); });
}

WriteWatch::~WriteWatch() {
  if (reader_.joinable()) (void)::eventfd_write(ending_.get(), 1);
}

void WriteWatch::read_along() {
  std::array<pollfd, 2> sources{{{inotify_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}}};
  while (sources[1].revents == 0) {
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return;
    const std::scoped_lock lock(mutex_);
    count();
  }
}

void WriteWatch::count() {
  alignas(inotify_event) std::array<char, std::size_t{64} << 10> buffer;
  while (true) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) lost_ = true;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end()) continue;
      if ((event.mask & IN_IGNORED) != 0) watched_.erase(folder->second);
      if (event.len == 0) continue;
      File& file = files_[join_path(folder->second, name)];
      if ((event.mask & IN_MODIFY) != 0) {
        file.modified = true;
      } else if ((event.mask & IN_MOVED_TO) != 0 || std::exchange(file.modified, false)) {
        ++file.times;
      }
    }
  }
}

std::optional<std::size_t> WriteWatch::times(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (inotify_) count();
  if (lost_ || !watched_.contains(parent_folder(path))) return std::nullopt;
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second.times;
}

}  // namespace devtask
