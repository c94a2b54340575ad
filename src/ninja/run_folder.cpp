#include "ninja/run_folder.h"

#include <charconv>

#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

// "PID-START", of a process that is no longer there.
bool is_left_over(const std::string& name) {
  int pid = 0;
  std::uint64_t start = 0;
  const char* end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, pid);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return false;
  const auto second = std::from_chars(first.ptr + 1, end, start);
  if (second.ec != std::errc() || second.ptr != end) return false;
  return start == 0 || process_start(pid) != start;
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& runs) {
  if (const auto entries = list_folder(runs)) {
    for (const FolderEntry& entry : *entries) {
      if (is_left_over(entry.name)) (void)remove_tree(join_path(runs, entry.name));
    }
  }
  const std::string state(parent_folder(runs));
  for (const std::string& place :
       {state, state + "/out", state + "/logs", state + "/seals", state + "/commits"})
    remove_leftovers(place);
  RunFolder folder;
  const int pid = own_process_id();
  folder.name_ = fmt::format("{}-{}", pid, process_start(pid));
  folder.path_ = join_path(runs, folder.name_);
  if (auto made = make_folders(folder.path_, 0700); !made) return tl::unexpected(made.error());
  return folder;
}

RunFolder::~RunFolder() {
  if (!path_.empty()) (void)remove_tree(path_);  // the next run removes what this one could not
}

}  // namespace devtask
