#include "os/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace devtask {

// The affinity mask, and not the number of processors: a container or taskset may allow fewer.
unsigned core_count() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

void parallel_for(std::size_t count, std::size_t block, const std::function<void(std::size_t)>& each) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t start = next.fetch_add(block); start < count; start = next.fetch_add(block)) {
      for (std::size_t i = start; i < std::min(count, start + block); ++i) each(i);
    }
  };
  const std::size_t threads = std::min<std::size_t>(core_count(), count / block);
  std::vector<std::jthread> others;
  try {
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  } catch (const std::system_error&) {  // the system has no more; those that there are do it all
  }
  work();
}

}  // namespace devtask
