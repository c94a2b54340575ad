// Divides units among machines that know nothing of each other. Which part a unit is in follows from its name
// and from the durations that all of them are given, and from nothing else: whatever else is in a checkout,
// each unit is in one part. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace devtask {

using UnitDurations = std::map<std::string, std::chrono::microseconds, std::less<>>;  // by name of the unit

class Shards {
 public:
  // `number` of parts, from 1. Those whose durations are known are dealt so that the parts take about as long
  // as each other.
  Shards(std::size_t number, const UnitDurations& durations);

  std::size_t part_of(std::string_view unit) const;  // from 1

 private:
  std::size_t number_;
  std::map<std::string, std::size_t, std::less<>> dealt_;
};

}  // namespace devtask
