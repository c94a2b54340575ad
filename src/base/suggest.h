// "did you mean": the nearest of some names by edit distance.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace devtask {

// Empty if none is near enough (distance at most a third of the word's length, at least 1).
std::string nearest(std::string_view word, std::span<const std::string> candidates);
// "did you mean `x`?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace devtask
