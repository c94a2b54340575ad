#include "exec/division.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace devtask {
namespace {

constexpr std::size_t kEnough = 4;

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z');
}

// "a.py" is no word in "data.py", "lib/a.py" and "a.py.orig", but in "see a.py."
bool goes_on(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  if (text[at] == '.') return at + 1 < text.size() && is_letter(text[at + 1]);
  return is_letter(text[at]) || text[at] == '_' || text[at] == '-' || text[at] == '/';
}

bool begins(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  return !is_letter(before) && before != '_' && before != '-' && before != '/' && before != '.';
}

}  // namespace

Division::Group Division::next() {
  if (open_.empty()) return {};
  Group group = std::move(open_.back());
  open_.pop_back();
  return group;
}

// A tool that has several kinds of failure ends with the highest of them: a group that ends with the lowest
// has but that kind.
bool Division::believes(int exit_status) const {
  if (names_good_ones_ || failed_alone_.empty()) return false;
  const auto& [lowest, times] = *failed_alone_.begin();
  return lowest == exit_status && times >= kEnough;
}

Division::Group Division::tried(const Group& group, int exit_status, const Group& named) {
  if (exit_status == 0) {
    if (!named.empty()) names_good_ones_ = true;
    return group;
  }
  if (group.size() == 1) {
    if (!named.empty()) ++failed_alone_[exit_status];
    return group;
  }
  Group others;
  auto next_named = named.begin();
  for (const std::size_t each : group) {
    if (next_named != named.end() && *next_named == each) {
      ++next_named;
    } else {
      others.push_back(each);
    }
  }
  if (!named.empty() && believes(exit_status)) {
    if (!others.empty()) open_.push_back(std::move(others));
    return named;
  }
  if (named.empty() || others.empty()) {
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    open_.emplace_back(middle, group.end());
    open_.emplace_back(group.begin(), middle);
  } else {
    open_.push_back(std::move(others));
    open_.push_back(named);
  }
  return {};
}

std::vector<std::size_t> named_in(std::string_view text, const std::vector<std::string>& names,
                                  const std::vector<std::string>& prefixes) {
  std::vector<std::string> words;
  for (const std::string& name : names) {
    words.push_back(name);
    for (const std::string& prefix : prefixes) words.push_back(prefix + name);
  }
  std::unordered_map<std::string_view, std::size_t> places;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    places.emplace(words[i], i / (prefixes.size() + 1));
    longest = std::max(longest, words[i].size());
  }
  std::vector<char> found(names.size(), 0);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t after = at + 1;
    if (begins(text, at)) {
      for (std::size_t end = std::min(text.size(), at + longest); end > at; --end) {
        if (goes_on(text, end)) continue;
        const auto place = places.find(text.substr(at, end - at));
        if (place == places.end()) continue;
        found[place->second] = 1;
        after = end;
        break;
      }
    }
    at = after;
  }
  std::vector<std::size_t> named;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] != 0) named.push_back(i);
  }
  return named;
}

}  // namespace devtask
