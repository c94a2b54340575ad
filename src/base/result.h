// One failure, as a value. Many mistakes in one input are a vector of Diagnostic instead.
#pragma once

#include <tl/expected.hpp>

#include "base/diagnostic.h"

namespace devtask {

template <class T>
using Result = tl::expected<T, Diagnostic>;

template <class... A>
tl::unexpected<Diagnostic> failure(fmt::format_string<A...> format, A&&... args) {
  return tl::unexpected<Diagnostic>(error(format, std::forward<A>(args)...));
}
inline tl::unexpected<Diagnostic> failure(Diagnostic diagnostic) {
  return tl::unexpected<Diagnostic>(std::move(diagnostic));
}

}  // namespace devtask
