#include "exec/edit_watch.h"

#include <algorithm>

namespace devtask {
namespace {

std::set<std::string> folders_of(const std::vector<std::string>& files) {
  std::set<std::string> folders;
  for (const std::string& file : files) folders.emplace(parent_folder(file));
  return folders;
}

}  // namespace

EditWatch::EditWatch(const std::vector<std::string>& files, const std::vector<PlannedStep>& steps)
    : watch_(folders_of(files)) {
  for (const std::string& file : files) by_tool_[file] = 0;
  // Of a script the shell itself is one of its programs.
  for (const PlannedStep& step : steps) most_ += std::max<std::size_t>(step.programs.size(), 2) - 1;
}

void EditWatch::tool_ended() {
  known_ = watch_.count();
  for (auto& [file, times] : by_tool_) times = watch_.times(file);
}

bool EditWatch::others_wrote(const std::string& file) {
  known_ = watch_.count() && known_;
  if (!known_) return false;
  const std::size_t times = watch_.times(file);
  return times > most_ || times > by_tool_[file];
}

}  // namespace devtask
