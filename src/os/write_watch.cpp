#include "os/write_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace devtask {
namespace {

constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO;

}  // namespace

WriteWatch::WriteWatch(const std::set<std::string>& folders)
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_) return;
  for (const std::string& folder : folders) {
    const int number = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents | IN_ONLYDIR);
    if (number >= 0) folders_[number] = folder;
  }
}

bool WriteWatch::count() {
  if (!inotify_) return true;
  bool all = true;
  alignas(inotify_event) std::array<char, std::size_t{64} << 10> buffer;
  while (true) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) return all;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) all = false;
      const auto folder = folders_.find(event.wd);
      if (folder == folders_.end() || event.len == 0) continue;
      File& file = files_[join_path(folder->second, name)];
      if ((event.mask & IN_MODIFY) != 0) {
        file.modified = true;
      } else if ((event.mask & IN_MOVED_TO) != 0 || std::exchange(file.modified, false)) {
        ++file.times;
      }
    }
  }
}

std::size_t WriteWatch::times(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second.times;
}

}  // namespace devtask
