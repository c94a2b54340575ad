#include "event/profile.h"

#include <nlohmann/json.hpp>

namespace devtask {

void Profile::add(std::string name, std::string_view category, Clock::time_point begin,
                  Clock::time_point end) {
  const std::scoped_lock lock(mutex_);
  const int next = static_cast<int>(lanes_.size()) + 1;
  const int lane = lanes_.try_emplace(std::this_thread::get_id(), next).first->second;
  entries_.push_back({std::move(name), category, lane, begin, end});
}

std::string Profile::chrome_trace() const {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  const std::scoped_lock lock(mutex_);
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  for (const Entry& entry : entries_) {
    events.push_back({{"name", entry.name},
                      {"cat", entry.category},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", entry.lane},
                      {"ts", duration_cast<microseconds>(entry.begin - start_).count()},
                      {"dur", duration_cast<microseconds>(entry.end - entry.begin).count()}});
  }
  const nlohmann::ordered_json trace = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  // A task's name may be any bytes.
  return trace.dump(0, '\t', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace devtask
