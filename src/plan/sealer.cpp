#include "plan/sealer.h"

#include <algorithm>

namespace devtask {

std::uint32_t Sealer::add(Observation seen) {
  std::string key = seen.path + (seen.follow ? "\nf" : "\n") + (seen.kind_only ? "k" : "");
  const auto [entry, added] =
      places_.try_emplace(std::move(key), static_cast<std::uint32_t>(contents.observations.size()));
  if (added) contents.observations.push_back(std::move(seen));
  return entry->second;
}

void Sealer::add_common(const std::vector<Observation>& all) {
  for (const Observation& each : all) common_.insert(add(each));
}

void Sealer::add_files(const std::vector<const TreeFile*>& files, bool kind_only,
                       std::vector<std::uint32_t>& list) {
  for (const TreeFile* file : files) {
    Observation seen = observe(*file);
    seen.kind_only = kind_only;
    if (kind_only) seen.digest.reset();
    list.push_back(add(std::move(seen)));
  }
}

void Sealer::add_known(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& list) {
  for (const std::uint32_t number : numbers) list.push_back(add(known_[number]));
}

SealContents Sealer::finish() {
  const auto tidy = [&](std::vector<std::uint32_t>& list) {
    std::erase_if(list, [&](std::uint32_t number) { return common_.contains(number); });
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  for (SealedTask& task : contents.tasks) {
    tidy(task.inputs);
    tidy(task.outputs);
  }
  return std::move(contents);
}

}  // namespace devtask
