// The numbers 0, 1, 2 … of the processes that run at a time: DEVTASK_SLOT, for a database or a port of its
// own. A process gets the lowest that is free. Thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace devtask {

class Slots {
 public:
  class Slot {
   public:
    Slot(Slots& slots, std::size_t number) : slots_(slots), number_(number) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { slots_.give_back(number_); }
    std::size_t number() const { return number_; }

   private:
    Slots& slots_;
    std::size_t number_;
  };

  // The slots outlive it.
  Slot take() {
    const std::scoped_lock lock(mutex_);
    const auto place = std::ranges::find(taken_, false);
    const auto number = static_cast<std::size_t>(place - taken_.begin());
    if (place == taken_.end()) {
      taken_.push_back(true);
    } else {
      *place = true;
    }
    return Slot(*this, number);
  }

 private:
  void give_back(std::size_t number) {
    const std::scoped_lock lock(mutex_);
    taken_[number] = false;
  }

  std::mutex mutex_;
  std::vector<bool> taken_;
};

inline std::string slot_variable(const Slots::Slot& slot) {
  return "DEVTASK_SLOT=" + std::to_string(slot.number());
}

}  // namespace devtask
