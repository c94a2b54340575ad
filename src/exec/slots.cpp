#include "exec/slots.h"

namespace devtask {

Slots::Slot::~Slot() {
  if (lock_) lock_->unlock();
  const std::scoped_lock lock(slots_.mutex_);
  slots_.taken_[number_] = false;
}

Slots::Slot Slots::take() {
  const std::scoped_lock lock(mutex_);
  (void)make_folders(folder_, 0700);
  for (std::size_t number = 0;; ++number) {
    if (number == taken_.size()) taken_.push_back(false);
    if (taken_[number]) continue;
    auto held = FileLock::try_acquire(join_path(folder_, std::to_string(number)));
    if (held && !*held) continue;
    taken_[number] = true;
    return Slot(*this, number, held ? std::move(*held) : std::nullopt);
  }
}

}  // namespace devtask
