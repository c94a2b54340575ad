// Splits a loop over the machine's cores.
#pragma once

#include <cstddef>
#include <functional>

namespace devtask {

unsigned core_count();

// Calls each(i) for every i below `count`, in blocks, on at most core_count() threads, the caller's among
// them; on fewer if the system has no more. Small loops (fewer than 2 * `block`) stay on the caller's thread.
// Returns when all are done.
void parallel_for(std::size_t count, std::size_t block, const std::function<void(std::size_t)>& each);

}  // namespace devtask
