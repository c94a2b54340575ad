#include "plan/shards.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/digest.h"

namespace devtask {

Shards::Shards(std::size_t number, const UnitDurations& durations) : number_(number) {
  if (durations.empty()) return;
  std::vector<std::pair<std::chrono::microseconds, std::string_view>> longest_first;
  for (const auto& [unit, duration] : durations) longest_first.emplace_back(duration, unit);
  std::ranges::stable_sort(longest_first, std::ranges::greater{},
                           [](const auto& each) { return each.first; });
  std::vector<std::chrono::microseconds> loads(number);
  for (const auto& [duration, unit] : longest_first) {
    const auto least = std::ranges::min_element(loads);
    *least += duration;
    dealt_.emplace(unit, static_cast<std::size_t>(least - loads.begin()) + 1);
  }
}

std::size_t Shards::part_of(std::string_view unit) const {
  if (const auto dealt = dealt_.find(unit); dealt != dealt_.end()) return dealt->second;
  constexpr int kBytes = 8;
  std::uint64_t number = 0;
  const Digest digest = sha256(unit);
  for (int i = 0; i < kBytes; ++i) number = number << 8 | digest.bytes[static_cast<std::size_t>(i)];
  return static_cast<std::size_t>(number % number_) + 1;
}

}  // namespace devtask
