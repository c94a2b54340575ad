// What a fuzzer claims. A claim that does not hold ends the process, which is how libFuzzer notices.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace devtask {

// `shown`: what helps to understand the failure, such as the value that is wrong.
inline void require(bool holds, std::string_view claim, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(claim.size()), claim.data());
  if (!shown.empty()) std::fprintf(stderr, "  %.*s\n", static_cast<int>(shown.size()), shown.data());
  std::abort();
}

}  // namespace devtask
