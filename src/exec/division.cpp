#include "exec/division.h"

#include <algorithm>
#include <optional>

namespace devtask {
namespace {

constexpr std::string_view kBeforePlaces = ":(,";  // "a.py:3:7", "a.ts(3,7)"

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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

// Which name begins there, and how long it is as it stands there.
std::optional<std::pair<std::size_t, std::size_t>> longest_at(
    std::string_view text, std::size_t at, std::size_t longest,
    const std::unordered_map<std::string_view, std::size_t>& places) {
  for (std::size_t end = std::min(text.size(), at + longest); end > at; --end) {
    if (goes_on(text, end)) continue;
    if (const auto place = places.find(text.substr(at, end - at)); place != places.end())
      return std::pair(place->second, end - at);
  }
  return std::nullopt;
}

}  // namespace

Division::Group Division::next() {
  if (open_.empty()) return {};
  Group group = std::move(open_.back());
  open_.pop_back();
  return group;
}

// A bare name is said for any reason.
bool Division::believes(int exit_status, const std::string& words) const {
  const bool says_more = std::ranges::any_of(words, [](char c) { return is_letter(c) && !is_digit(c); });
  return says_more && of_bad_.contains({exit_status, words}) && !of_good_.contains(words);
}

Division::Group Division::passed(const Group& group, const Said& said) {
  any_good_ = true;
  of_good_.insert(said.begin(), said.end());
  for (const std::size_t each : group) {
    if (const auto heard = heard_.find(each); heard != heard_.end()) of_good_.merge(heard->second);
  }
  return group;
}

Division::Group Division::tried(const Group& group, int exit_status, const Said& said) {
  if (exit_status == 0) return passed(group, said);
  if (group.size() == 1) {
    if (!said.front().empty()) of_bad_.emplace(exit_status, said.front());
    return group;
  }
  const bool many = std::ranges::count_if(said, [](const auto& words) { return !words.empty(); }) > 1;
  Group judged, named, others;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const bool certain = (any_good_ || !many) && believes(exit_status, said[i]);
    (said[i].empty() ? others : certain ? judged : named).push_back(group[i]);
    if (!said[i].empty()) heard_[group[i]].insert(said[i]);
  }
  if (judged.empty() && (named.empty() || others.empty())) {
    const auto middle = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    open_.emplace_back(middle, group.end());
    open_.emplace_back(group.begin(), middle);
    return {};
  }
  // Of many the good ones say first whether they are named, too.
  if (!many) named.swap(others);
  for (Group* each : {&named, &others}) {
    if (!each->empty()) open_.push_back(std::move(*each));
  }
  return judged;
}

std::vector<std::string> said_of(std::string_view text, const std::vector<std::string>& names,
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
  std::vector<std::set<std::string>> lines(names.size());
  std::string line;
  std::set<std::size_t> named;  // in the line
  const auto end_line = [&] {
    for (const std::size_t each : named) lines[each].insert(named.size() == 1 ? line : "*");
    line.clear();
    named.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto found = begins(text, at) ? longest_at(text, at, longest, places) : std::nullopt;
    if (found) {
      named.insert(found->first);
      line += '*';
      at += found->second;
    } else if (text[at] == '\n') {
      end_line();
      ++at;
    } else if (is_digit(text[at]) && !line.empty() && kBeforePlaces.find(line.back()) != line.npos) {
      line += '0';
      while (at < text.size() && is_digit(text[at])) ++at;
    } else {
      line += text[at++];
    }
  }
  end_line();
  std::vector<std::string> said(names.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    for (const std::string& each : lines[i]) said[i] += each + '\n';
  }
  return said;
}

}  // namespace devtask
