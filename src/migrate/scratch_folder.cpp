#include "migrate/scratch_folder.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <thread>
#include <utility>

#include "os/process.h"

namespace devtask {
namespace {

constexpr std::string_view kName = "devtask-";
constexpr std::string_view kNewName = ".devtask-new-";
constexpr std::size_t kUniqueLetters = 6;
constexpr std::string_view kLock = "/lock", kHeld = "/held", kInside = "/db";
// What comes behind a place, with the longest name of a PostgreSQL socket; an address holds 107 bytes.
constexpr std::size_t kLongest = 107 - std::string_view("/devtask-XXXXXX/db/.s.PGSQL.65535.lock").size();
constexpr int kKillRounds = 200;
constexpr std::chrono::milliseconds kKillPause{5};
constexpr std::uint64_t kEnoughMemory = 512ULL << 20;

bool is_plain(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path, [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("/._-").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

bool others_may_enter(std::string_view path) {
  for (; !path.empty(); path = parent_folder(path)) {
    if ((stat_followed(std::string(path)).mode & 01) == 0) return false;
  }
  return true;
}

// The place as it can be used, or why it cannot.
Result<std::string> usable(const std::string& place, bool for_others) {
  auto real = real_path(place);
  if (!real) return real;
  if (!is_plain(*real)) return failure("`{}` has characters that a URL would have to encode", *real);
  if (real->size() > kLongest) return failure("the path `{}` is too long for a socket in it", *real);
  if (for_others && !others_may_enter(*real)) return failure("other users cannot enter `{}`", *real);
  return real;
}

}  // namespace

std::vector<std::string> scratch_places(std::string_view temporary) {
  std::vector<std::string> places;
  if (!temporary.empty()) places.emplace_back(temporary);
  if (constexpr char kMemory[] = "/dev/shm"; free_bytes(kMemory) >= kEnoughMemory)
    places.emplace_back(kMemory);
  places.emplace_back("/tmp");
  places.emplace_back("/var/tmp");
  return places;
}

Result<ScratchFolder> ScratchFolder::make(const std::vector<std::string>& places,
                                          const std::optional<Account>& owner) {
  Diagnostic refused = error("there is no place for a scratch database")
                           .advise("set TMPDIR to a folder with room and a short path, such as /tmp");
  for (const std::string& place : places) {
    auto made = [&]() -> Result<ScratchFolder> {
      const auto where = usable(place, owner.has_value());
      if (!where) return tl::unexpected(where.error());
      auto top = make_unique_folder(join_path(*where, kNewName));
      if (!top) return tl::unexpected(top.error());
      ScratchFolder folder;
      folder.top_ = *top;
      auto lock = FileLock::acquire(*top + std::string(kLock));
      if (!lock) return tl::unexpected(lock.error());
      folder.lock_ = std::move(*lock);
      auto held = FileLock::acquire(*top + std::string(kHeld));
      if (!held) return tl::unexpected(held.error());
      folder.held_ = std::move(*held);
      if (auto inside = make_folders(*top + std::string(kInside), 0700); !inside)
        return tl::unexpected(inside.error());
      if (owner) {
        if (auto opened = set_mode(*top, 0711); !opened) return tl::unexpected(opened.error());
        if (auto given = give_to(*top + std::string(kInside), *owner); !given)
          return tl::unexpected(given.error());
      }
      // Others look only at folders of this name: whose lock is free there has lost its process.
      const std::string name =
          join_path(*where, std::string(kName) + top->substr(top->size() - kUniqueLetters));
      if (auto renamed = rename_file(*top, name); !renamed) return tl::unexpected(renamed.error());
      folder.top_ = name;
      folder.path_ = name + std::string(kInside);
      return folder;
    }();
    if (made) return made;
    refused.notes.push_back(made.error().message);
  }
  return failure(std::move(refused));
}

std::vector<ScratchFolder> ScratchFolder::leftovers(const std::vector<std::string>& places) {
  std::vector<ScratchFolder> found;
  for (const std::string& place : places) {
    const std::string where = real_path(place).value_or(place);
    for (const FolderEntry& entry : list_folder(where).value_or(std::vector<FolderEntry>())) {
      if (entry.kind != FileKind::kFolder || !entry.name.starts_with(kName) ||
          entry.name.size() != kName.size() + kUniqueLetters)
        continue;
      const std::string top = join_path(where, entry.name);
      if (!is_own(top) || stat_file(top + std::string(kLock)).kind != FileKind::kRegular) continue;
      auto lock = FileLock::try_acquire(top + std::string(kLock));
      if (!lock || !*lock) continue;
      ScratchFolder folder;
      folder.top_ = top;
      folder.path_ = top + std::string(kInside);
      folder.lock_ = std::move(**lock);
      folder.end_holders();
      found.push_back(std::move(folder));
    }
  }
  return found;
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : top_(std::exchange(other.top_, {})),
      path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      held_(std::move(other.held_)) {}

void ScratchFolder::end_holders() const {
  bool found = true;
  for (int round = 0; found && round < kKillRounds; ++round) {
    found = false;
    kill_holders(top_ + std::string(kHeld), [&] { return found = true; });
    if (found) std::this_thread::sleep_for(kKillPause);  // there is no event for "all gone"
  }
}

ScratchFolder::~ScratchFolder() {
  if (!top_.empty()) (void)remove_tree(top_);
}

}  // namespace devtask
