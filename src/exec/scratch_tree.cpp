#include "exec/scratch_tree.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include "exec/state_folder.h"
#include "os/parallel.h"
#include "os/stream.h"

namespace devtask {
namespace {

constexpr std::size_t kBlock = 8;
constexpr std::string_view kGit = ".git";

// The first failure of some steps that are made side by side.
Result<void> for_each(std::size_t count, const std::function<Result<void>(std::size_t)>& step) {
  std::mutex mutex;
  Result<void> all;
  parallel_for(count, kBlock, [&](std::size_t i) {
    auto done = step(i);
    if (done) return;
    const std::scoped_lock lock(mutex);
    if (all) all = std::move(done);
  });
  return all;
}

}  // namespace

Result<ScratchTree> ScratchTree::make(const std::string& root, const std::string& folder,
                                      std::vector<ScratchFile> files,
                                      const std::vector<std::string>& folders) {
  if (auto removed = remove_tree(folder); !removed) return tl::unexpected(removed.error());
  ScratchTree tree(root, folder);
  std::ranges::sort(files, {}, &ScratchFile::path);
  std::set<std::string> above{""};
  for (ScratchFile& file : files) {
    for (std::string_view at = parent_folder(file.path); !at.empty(); at = parent_folder(at)) {
      if (!above.emplace(at).second) break;
    }
    tree.copies_.push_back({std::move(file), {}, {}});
  }
  for (std::string_view at : folders) {
    for (; !at.empty(); at = parent_folder(at)) above.emplace(at);
  }
  const std::vector<std::string> real(above.begin(), above.end());
  // One after the other: those above come before those below.
  for (const std::string& path : real) {
    if (auto made = make_folders(join_path(folder, path)); !made) return tl::unexpected(made.error());
  }
  auto linked = for_each(real.size(), [&](std::size_t i) { return tree.make_folder(real[i], real); });
  if (!linked) return tl::unexpected(linked.error());
  auto copied = for_each(tree.copies_.size(), [&](std::size_t i) { return tree.copy(tree.copies_[i]); });
  if (!copied) return tl::unexpected(copied.error());
  return tree;
}

ScratchTree::ScratchTree(ScratchTree&& other) noexcept
    : root_(std::move(other.root_)),
      folder_(std::exchange(other.folder_, {})),
      copies_(std::move(other.copies_)) {}

ScratchTree::~ScratchTree() { (void)remove(); }

Result<void> ScratchTree::remove() {
  if (folder_.empty()) return {};
  return remove_tree(std::exchange(folder_, {}));
}

// Links to all that is in the project's folder but for what is made here.
Result<void> ScratchTree::make_folder(const std::string& path,
                                      const std::vector<std::string>& real_folders) const {
  const auto entries = list_folder(join_path(root_, path));
  if (!entries) return {};  // given files may be in folders that are not there
  for (const FolderEntry& entry : *entries) {
    const std::string here = join_path(path, entry.name);
    if (here == kStateName || std::ranges::binary_search(real_folders, here)) continue;
    if (std::ranges::binary_search(copies_, here, {},
                                   [](const Copy& copy) -> const std::string& { return copy.file.path; })) {
      continue;
    }
    const std::string to = join_path(folder_, here);
    auto made = here == kGit ? make_folders(to) : make_link(join_path(root_, here), to);
    if (!made) return made;
  }
  return {};
}

Result<void> ScratchTree::copy(Copy& copy) const {
  const std::string from = join_path(root_, copy.file.path), to = join_path(folder_, copy.file.path);
  FileStat stat;
  std::string read;
  if (!copy.file.content) {
    stat = stat_followed(from);
    if (stat.kind != FileKind::kRegular) return failure("cannot copy `{}`: it is not a file", copy.file.path);
    auto bytes = read_file(from);
    if (!bytes) return tl::unexpected(bytes.error());
    read = std::move(*bytes);
    copy.file.mode = stat.mode;
  }
  const std::string& content = copy.file.content ? *copy.file.content : read;
  copy.digest = sha256(content);
  if (auto written = write_new_file(to, content, copy.file.mode); !written) return written;
  // A time long ago tells a change apart that comes in the same tick of the clock.
  // And another one for each content: some tools (black) remember files by path, size and time.
  std::int64_t seconds = 0;
  for (const std::uint8_t byte : std::span(copy.digest.bytes).first(3)) seconds = seconds * 256 + byte;
  constexpr std::int64_t kSecond = 1'000'000'000;
  set_modified(to, copy.file.content ? seconds * kSecond : stat.mtime_ns);
  copy.stat = stat_file(to);
  return {};
}

Result<std::vector<ScratchTree::Change>> ScratchTree::changes() const {
  std::vector<std::optional<Change>> found(copies_.size());
  auto looked = for_each(copies_.size(), [&](std::size_t i) -> Result<void> {
    auto change = change_of(copies_[i]);
    if (!change) return tl::unexpected(change.error());
    found[i] = std::move(*change);
    return {};
  });
  if (!looked) return tl::unexpected(looked.error());
  std::vector<Change> changes;
  for (auto& each : found) {
    if (each) changes.push_back(std::move(*each));
  }
  return changes;
}

Result<std::optional<ScratchTree::Change>> ScratchTree::change_of(const Copy& copy) const {
  const std::string path = join_path(folder_, copy.file.path);
  const FileStat now = stat_followed(path);
  if (now == copy.stat) return std::nullopt;
  Change change{copy.file.path, {}, std::nullopt, now.mode};
  if (now.kind != FileKind::kAbsent) {
    auto after = read_file(path);
    if (!after) return tl::unexpected(after.error());
    if (sha256(*after) == copy.digest && now.mode == copy.stat.mode) return std::nullopt;
    change.after = std::move(*after);
  }
  if (copy.file.content) {
    change.before = *copy.file.content;
    return change;
  }
  auto before = read_file(join_path(root_, copy.file.path));
  if (!before || sha256(*before) != copy.digest)
    return failure(
        error("`{}` changed while a tool worked on a copy of it", copy.file.path).advise("run it again"));
  change.before = std::move(*before);
  return change;
}

}  // namespace devtask
