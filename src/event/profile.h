// Where the time of a run goes: spans of the engine and of its tasks, shown by any viewer of Chrome's trace
// format. Nothing is measured unless somebody asks for it (`--profile FILE`): then a Profile exists,
// otherwise everybody has a null pointer. Unaware of: files, what is measured.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace devtask {

class Profile {
 public:
  using Clock = std::chrono::steady_clock;

  Profile() : start_(Clock::now()) {}

  // Thread-safe. `category`: "engine" or "task".
  void add(std::string name, std::string_view category, Clock::time_point begin, Clock::time_point end);
  // The "JSON Object Format" of the Trace Event Format: complete events (`"ph": "X"`), times in microseconds
  // since the Profile was made, one lane for each thread.
  std::string chrome_trace() const;

 private:
  struct Entry {
    std::string name;
    std::string_view category;
    int lane;
    Clock::time_point begin, end;
  };

  const Clock::time_point start_;
  mutable std::mutex mutex_;
  std::map<std::thread::id, int> lanes_;
  std::vector<Entry> entries_;
};

// From here to the end of the scope.
class ProfileSpan {
 public:
  // `profile` may be null and outlives the span; so does `name`.
  ProfileSpan(Profile* profile, std::string_view name, std::string_view category = "engine")
      : profile_(profile), name_(name), category_(category) {
    if (profile_ != nullptr) begin_ = Profile::Clock::now();
  }
  ~ProfileSpan() { end(); }
  ProfileSpan(const ProfileSpan&) = delete;
  ProfileSpan& operator=(const ProfileSpan&) = delete;

  // Before the end of the scope.
  void end() {
    if (profile_ != nullptr) profile_->add(std::string(name_), category_, begin_, Profile::Clock::now());
    profile_ = nullptr;
  }

 private:
  Profile* profile_;
  std::string_view name_, category_;
  Profile::Clock::time_point begin_;
};

}  // namespace devtask
