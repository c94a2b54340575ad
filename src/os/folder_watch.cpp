#include "os/folder_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/is_below.h"

namespace devtask {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

Diagnostic limit_reached(std::size_t watched) {
  return error("cannot watch more than {} folders: the system's limit is reached", watched)
      .advise("raise it: `sudo sysctl fs.inotify.max_user_watches=524288`");
}

}  // namespace

struct FolderWatch::Event {
  int watch;
  std::uint32_t mask;
  std::string name;  // "" is the folder itself

  bool has(std::uint32_t bits) const { return (mask & bits) != 0; }
};

Result<FolderWatch> FolderWatch::start() {
  FolderWatch created;
  created.inotify_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!created.inotify_) {
    return failure(
        error("cannot watch folders: {}", std::strerror(errno))
            .advise("others watch too many at once: `sudo sysctl fs.inotify.max_user_instances=512`"));
  }
  return created;
}

Result<int> FolderWatch::watch(const std::string& folder, int tree, bool follow) {
  const std::uint32_t how = IN_ONLYDIR | (follow ? 0U : IN_DONT_FOLLOW);
  const int number = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents | how);
  if (number < 0 && errno == ENOSPC) return failure(limit_reached(watched_.size()));
  if (number < 0) return -1;
  // What was known by that name is another folder now.
  if (const auto known = by_path_.find(folder); known != by_path_.end() && known->second != number) {
    forget(known->second);
  }
  by_path_[folder] = number;
  Watched& entry = watched_[number];
  entry.path = folder;
  if (tree != kNoTree) entry.tree = tree;
  return number;
}

Result<bool> FolderWatch::add(const std::string& folder) {
  for (std::string at = folder;; at = parent_folder(at)) {
    if (at.empty()) at = "/";
    if (by_path_.contains(at)) return false;
    const auto number = watch(at, kNoTree, true);
    if (!number) return tl::unexpected(number.error());
    if (*number >= 0) return true;
    if (at == "/") return false;
  }
}

Result<void> FolderWatch::add_tree(const std::string& folder, Enter enter_folder) {
  trees_.push_back({folder, std::move(enter_folder)});
  return enter(folder, static_cast<int>(trees_.size()) - 1, nullptr);
}

// Watched before it is listed: what appears in between is told twice rather than never.
Result<void> FolderWatch::enter(const std::string& folder, int tree, Changes* found) {
  const auto number = watch(folder, tree, folder == trees_[static_cast<std::size_t>(tree)].top);
  if (!number) return tl::unexpected(number.error());
  if (*number < 0) return {};
  const auto entries = list_folder(folder);
  if (!entries) return {};
  for (const FolderEntry& entry : *entries) {
    const std::string path = join_path(folder, entry.name);
    if (found != nullptr) found->paths.insert(path);
    if (entry.kind != FileKind::kFolder || !trees_[static_cast<std::size_t>(tree)].enter(path)) continue;
    if (auto entered = enter(path, tree, found); !entered) return entered;
  }
  return {};
}

Result<FolderWatch::Changes> FolderWatch::take() {
  alignas(inotify_event) char buffer[1 << 16];
  Changes changes;
  std::optional<Diagnostic> problem;
  while (true) {
    const ssize_t got = ::read(inotify_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (const char* at = buffer; at < buffer + got;) {
      inotify_event head;
      std::memcpy(&head, at, sizeof head);
      const Event event{head.wd, head.mask, head.len > 0 ? std::string(at + sizeof head) : std::string()};
      if (auto handled = handle(event, changes); !handled) problem = std::move(handled.error());
      at += sizeof head + head.len;
    }
  }
  if (problem) return tl::unexpected(std::move(*problem));
  return changes;
}

bool FolderWatch::has_more() const {
  pollfd waiting{fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

Result<FolderWatch::Changes> FolderWatch::next(const StopRequest& stop, std::chrono::milliseconds quiet,
                                               std::chrono::milliseconds most,
                                               std::optional<std::chrono::milliseconds> patience) {
  using Clock = std::chrono::steady_clock;
  Changes all;
  std::optional<Clock::time_point> end, quiet_end;
  if (patience) end = quiet_end = Clock::now() + *patience;
  while (!stop.stopping()) {
    int timeout = -1;
    if (quiet_end) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(std::min(*end, *quiet_end) - Clock::now());
      if (left.count() <= 0) return all;
      timeout = static_cast<int>(left.count());
    }
    pollfd waiting[2] = {{fd(), POLLIN, 0}, {stop.stopping_fd(), POLLIN, 0}};
    if (::poll(waiting, 2, timeout) <= 0 || waiting[0].revents == 0) continue;
    auto more = take();
    if (!more) return more;
    const std::size_t known = all.paths.size();
    all.paths.merge(more->paths);
    const bool is_news = all.paths.size() > known || (more->everything && !all.everything);
    all.everything = all.everything || more->everything;
    if (!is_news) continue;
    quiet_end = Clock::now() + quiet;
    if (patience || !end) end = Clock::now() + most;
    patience.reset();
  }
  return Changes();
}

Result<void> FolderWatch::handle(const Event& event, Changes& changes) {
  if (event.has(IN_Q_OVERFLOW)) {
    changes.everything = true;
    for (std::size_t i = 0; i < trees_.size(); ++i) {
      if (auto entered = enter(trees_[i].top, static_cast<int>(i), nullptr); !entered) return entered;
    }
    return {};
  }
  const auto known = watched_.find(event.watch);
  if (known == watched_.end()) return {};  // an event of a folder that was left
  const Watched folder = known->second;
  if (event.has(IN_IGNORED)) {  // it is gone
    forget(event.watch);
    return {};
  }
  const std::string path = event.name.empty() ? folder.path : join_path(folder.path, event.name);
  changes.paths.insert(path);
  if (event.has(IN_MOVE_SELF)) {
    const auto now = watch(folder.path, folder.tree, true);
    if (now && *now == event.watch) return {};  // back again
    leave(folder.path);
    if (folder.tree != kNoTree) return enter(folder.path, folder.tree, &changes);
    const auto other = watch(folder.path, kNoTree, true);
    return other ? Result<void>() : tl::unexpected(other.error());
  }
  if (!event.has(IN_ISDIR) || event.name.empty()) return {};
  if (event.has(IN_MOVED_FROM)) leave(path);
  if (folder.tree == kNoTree || !event.has(IN_CREATE | IN_MOVED_TO)) return {};
  if (!trees_[static_cast<std::size_t>(folder.tree)].enter(path)) return {};
  return enter(path, folder.tree, &changes);
}

void FolderWatch::forget(int number) {
  watched_.erase(number);
  std::erase_if(by_path_, [&](const auto& entry) { return entry.second == number; });
}

void FolderWatch::leave(const std::string& folder) {
  std::set<int> left;
  for (const auto& [path, number] : by_path_) {
    if (path == folder || is_below(path, folder)) left.insert(number);
  }
  for (const int number : left) {
    ::inotify_rm_watch(inotify_.get(), number);
    forget(number);
  }
}

}  // namespace devtask
