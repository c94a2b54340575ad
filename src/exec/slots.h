// The numbers 0, 1, 2 … of the processes that run at a time in this checkout, also those of another devtask:
// DEVTASK_SLOT, for a database or a port of its own. A process gets the lowest that is free. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"

namespace devtask {

class Slots {
 public:
  // `folder`: for a lock file for each number. If it cannot be used, others of this devtask alone are known.
  explicit Slots(std::string folder) : folder_(std::move(folder)) {}

  class Slot {
   public:
    Slot(Slots& slots, std::size_t number, std::optional<FileLock> lock)
        : slots_(slots), number_(number), lock_(std::move(lock)) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();
    std::size_t number() const { return number_; }

   private:
    Slots& slots_;
    std::size_t number_;
    std::optional<FileLock> lock_;  // given back by the system if devtask dies
  };

  // The slots outlive it.
  Slot take();

 private:
  const std::string folder_;
  std::mutex mutex_;
  std::vector<bool> taken_;
};

inline std::string slot_variable(const Slots::Slot& slot) {
  return "DEVTASK_SLOT=" + std::to_string(slot.number());
}

}  // namespace devtask
