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
  for (auto& [file, times] : by_tool_) times = watch_.times(file).value_or(0);
}

EditWatch::Writer EditWatch::writer_of(const std::string& file) {
  const auto times = watch_.times(file);
  // Written where nobody looks: through a link, into memory.
  if (!times || *times == 0) return Writer::kUnknown;
  return *times > most_ || *times > by_tool_[file] ? Writer::kOthersToo : Writer::kTool;
}

}  // namespace devtask
