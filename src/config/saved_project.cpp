#include "config/saved_project.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/version.h"
#include "config/archive.h"
#include "config/project_fields.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTPROJ01";
constexpr std::int64_t kYoung_ns = 2'000'000'000;
constexpr std::size_t kHeadBytes = 16;

std::string head_of(std::string_view archive) {
  std::string head(kMagic);
  const std::uint64_t checksum = XXH3_64bits(archive.data(), archive.size());
  head.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return head;
}

// What the rest of devtask takes for granted in a Project.
bool is_whole(const Project& project) {
  return project.scope != nullptr &&
         std::all_of(project.tasks.begin(), project.tasks.end(),
                     [](const Task& task) { return task.scope != nullptr; }) &&
         std::all_of(project.index.begin(), project.index.end(),
                     [&](const auto& entry) { return entry.second < project.tasks.size(); });
}

}  // namespace

SavedProject::SavedProject(std::string path, std::string root, std::string program)
    : path_(std::move(path)), root_(std::move(root)), program_(std::move(program)) {}

std::optional<LoadedProject> SavedProject::read() const {
  const auto file = MappedFile::open(path_);
  if (!file || file->bytes().size() < kHeadBytes) return std::nullopt;
  const std::string_view archive = file->bytes().substr(kHeadBytes);
  if (file->bytes().substr(0, kHeadBytes) != head_of(archive)) return std::nullopt;
  ArchiveReader reader(archive);
  std::string version;
  FileStat program;
  LoadedProject loaded;
  reader.get(version);
  reader.get(program);
  reader.get(loaded.looks);
  if (!reader.good() || version != kVersion || program != stat_followed(program_)) return std::nullopt;
  const Fd root = open_folder(root_);
  const bool same =
      root && std::all_of(loaded.looks.begin(), loaded.looks.end(), [&](const Look& look) {
        return stat_followed(look.path.empty() ? "." : look.path.c_str(), root.get()) == look.stat;
      });
  if (!same) return std::nullopt;
  reader.get(loaded.project);
  if (!reader.complete() || loaded.project.root != root_ || !is_whole(loaded.project)) return std::nullopt;
  return loaded;
}

void SavedProject::write(const LoadedProject& loaded, std::int64_t began_ns) const {
  const FileStat program = stat_followed(program_);
  const auto is_old = [&](const FileStat& stat) {
    return std::max(stat.mtime_ns, stat.ctime_ns) <= began_ns - kYoung_ns;
  };
  const auto all_old = [&] {
    return is_old(program) &&
           std::ranges::all_of(loaded.looks, [&](const Look& l) { return is_old(l.stat); });
  };
  if (!loaded.diagnostics.empty() || program.kind != FileKind::kRegular || !all_old()) return;
  const auto lag = clock_lag(std::string(parent_folder(path_)));
  if (!lag) return;
  began_ns -= *lag;
  if (!all_old()) return;
  ArchiveWriter writer;
  writer.put(std::string(kVersion));
  writer.put(program);
  writer.put(loaded.looks);
  writer.put(loaded.project);
  (void)write_file(path_, head_of(writer.bytes()) + writer.bytes(), 0600);  // else it is read again, no more
}

LoadedProject load_project(const std::string& root, const std::string& path, bool may_write) {
  const SavedProject saved(path, root);
  if (auto loaded = saved.read()) return std::move(*loaded);
  const std::int64_t began_ns = now_ns();
  LoadedProject loaded = load_project(root);
  if (may_write) saved.write(loaded, began_ns);
  return loaded;
}

}  // namespace devtask
