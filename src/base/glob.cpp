#include "base/glob.h"

#include <algorithm>

namespace devtask {
namespace {

constexpr std::string_view kWildcards = "*?[";
constexpr std::size_t kMostAlternatives = 1024;

// Index behind the class that starts at `at` ('['), or npos. A ']' straight after '[' or '[!' is a member.
std::size_t class_end(std::string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  for (; i < pattern.size() && pattern[i] != '/'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
    } else if (pattern[i] == ']') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// `text` is the class with its brackets.
bool class_matches(std::string_view text, char byte) {
  text = text.substr(1, text.size() - 2);
  const bool negated = text.starts_with('!') || text.starts_with('^');
  if (negated) text.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    const auto low = static_cast<unsigned char>(text[i]);
    auto high = low;
    if (i + 2 < text.size() && text[i + 1] == '-') {
      i += 2;
      high = static_cast<unsigned char>(text[i]);
    }
    const auto value = static_cast<unsigned char>(byte);
    found = found || (low <= value && value <= high);
  }
  return found != negated;
}

// One unit of a pattern within a part: a byte, '?', a class or '*'.
struct Token {
  enum class Kind { kByte, kOne, kClass, kStar } kind;
  char byte = 0;
  std::string_view text{};  // the class
  std::size_t length = 1;   // bytes of the pattern
};

Token token_at(std::string_view pattern, std::size_t at) {
  switch (pattern[at]) {
    case '*':
      return {Token::Kind::kStar};
    case '?':
      return {Token::Kind::kOne};
    case '[':
      if (const std::size_t end = class_end(pattern, at); end != std::string_view::npos) {
        return {Token::Kind::kClass, 0, pattern.substr(at, end - at), end - at};
      }
      return {Token::Kind::kByte, '['};
    case '\\':
      if (at + 1 < pattern.size()) return {Token::Kind::kByte, pattern[at + 1], {}, 2};
      return {Token::Kind::kByte, '\\'};
    default:
      return {Token::Kind::kByte, pattern[at]};
  }
}

bool token_accepts(const Token& token, char byte) {
  switch (token.kind) {
    case Token::Kind::kByte:
      return token.byte == byte;
    case Token::Kind::kOne:
      return true;
    case Token::Kind::kClass:
      return class_matches(token.text, byte);
    case Token::Kind::kStar:
      return true;
  }
  return false;
}

// Iterative matching with one point to come back to: linear for patterns with one star, never exponential.
bool name_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size()) {
      const Token token = token_at(pattern, p);
      if (token.kind == Token::Kind::kStar) {
        star = ++p;
        star_name = n;
        continue;
      }
      if (token_accepts(token, name[n])) {
        p += token.length;
        ++n;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star;
    n = ++star_name;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool tokens_intersect(const Token& a, const Token& b) {
  for (int byte = 1; byte < 256; ++byte) {
    const char value = static_cast<char>(byte);
    if (value != '/' && token_accepts(a, value) && token_accepts(b, value)) return true;
  }
  return false;
}

// Whether some name matches both. Every pair of places is looked at once: stars do not multiply.
bool names_intersect(std::string_view a, std::string_view b) {
  std::vector<char> seen((a.size() + 1) * (b.size() + 1), 0);
  std::vector<std::pair<std::size_t, std::size_t>> open{{0, 0}};
  while (!open.empty()) {
    const auto [i, j] = open.back();
    open.pop_back();
    if (i == a.size() && j == b.size()) return true;
    char& mark = seen[i * (b.size() + 1) + j];
    if (mark != 0) continue;
    mark = 1;
    const bool star_a = i < a.size() && a[i] == '*', star_b = j < b.size() && b[j] == '*';
    if (star_a) open.emplace_back(i + 1, j);
    if (star_b) open.emplace_back(i, j + 1);
    if (i == a.size() || j == b.size()) continue;
    const Token left = token_at(a, i), right = token_at(b, j);
    if (star_a && !star_b) open.emplace_back(i, j + right.length);
    if (star_b && !star_a) open.emplace_back(i + left.length, j);
    if (!star_a && !star_b && tokens_intersect(left, right))
      open.emplace_back(i + left.length, j + right.length);
  }
  return false;
}

std::string without_escapes(std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\' && i + 1 < part.size()) ++i;
    text += part[i];
  }
  return text;
}

bool has_wildcard(std::string_view part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '\\') {
      ++i;
    } else if (kWildcards.find(part[i]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

struct Braces {
  std::size_t open = 0, close = 0;
  std::vector<std::string_view> choices;
};

// The first brace group that has a comma; `{x}` without one is plain text.
Result<std::optional<Braces>> find_braces(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
      continue;
    }
    if (pattern[i] != '{') continue;
    Braces braces{i, 0, {}};
    int depth = 0;
    std::size_t start = i + 1;
    for (std::size_t k = i; k < pattern.size(); ++k) {
      if (pattern[k] == '\\') {
        ++k;
      } else if (pattern[k] == '{') {
        ++depth;
      } else if (pattern[k] == ',' && depth == 1) {
        braces.choices.push_back(pattern.substr(start, k - start));
        start = k + 1;
      } else if (pattern[k] == '}' && --depth == 0) {
        braces.close = k;
        braces.choices.push_back(pattern.substr(start, k - start));
        break;
      }
    }
    if (braces.close == 0) return failure("`{{` is not closed in the pattern `{}`", pattern);
    if (braces.choices.size() > 1) return std::optional(std::move(braces));
    i = braces.close;
  }
  return std::nullopt;
}

tl::unexpected<Diagnostic> too_many_alternatives() {
  return failure("the braces stand for too many patterns");
}

// `depth` groups have been expanded: each of them stands for one pattern more, at least.
Result<void> expand_braces(const std::string& pattern, std::size_t depth,
                           std::vector<std::string>& expanded) {
  if (depth > kMostAlternatives) return too_many_alternatives();
  auto braces = find_braces(pattern);
  if (!braces) return tl::unexpected(braces.error());
  if (!*braces) {
    if (expanded.size() == kMostAlternatives) return too_many_alternatives();
    expanded.push_back(pattern);
    return {};
  }
  for (const std::string_view choice : (*braces)->choices) {
    std::string text = pattern.substr(0, (*braces)->open);
    text += choice;
    text += pattern.substr((*braces)->close + 1);
    if (auto done = expand_braces(text, depth + 1, expanded); !done) return done;
  }
  return {};
}

std::string_view take_part(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view part = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return part;
}

bool is_inside(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder ||
         (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

}  // namespace

Result<Glob> Glob::parse(std::string_view pattern) {
  if (pattern.empty()) return failure("the pattern is empty");
  if (pattern.find('\0') != std::string_view::npos) return failure("the pattern has a NUL byte");
  std::vector<std::string> texts;
  if (pattern.find('{') == std::string_view::npos) {
    texts.emplace_back(pattern);
  } else if (auto done = expand_braces(std::string(pattern), 0, texts); !done) {
    return tl::unexpected(done.error());
  }
  Glob glob;
  for (const std::string& text : texts) {
    std::string_view rest = text;
    if (rest.starts_with('/')) {
      return failure(error("the path `{}` is absolute", pattern).advise("paths are relative to the project"));
    }
    const bool folder = rest.ends_with('/');
    Parts parts;
    while (!rest.empty()) {
      const std::string_view part = take_part(rest);
      const bool wild = has_wildcard(part);
      std::string name = wild ? std::string() : without_escapes(part);  // `\..` is `..` as well
      if (part.empty() || name == ".") continue;
      if (name == "..") {
        return failure(
            error("the path `{}` leaves the project", pattern).advise("`..` is not allowed in paths"));
      }
      if (part == "**") {
        if (parts.empty() || parts.back().kind != Part::Kind::kAnyDepth) {
          parts.push_back({Part::Kind::kAnyDepth, {}});
        }
      } else if (wild) {
        for (std::size_t i = 0; i < part.size(); ++i) {
          if (part[i] == '\\') {
            ++i;
          } else if (part[i] == '[' && class_end(part, i) == std::string_view::npos) {
            return failure("`[` is not closed in the pattern `{}`", pattern);
          }
        }
        parts.push_back({Part::Kind::kWild, std::string(part)});
      } else {
        parts.push_back({Part::Kind::kLiteral, std::move(name)});
      }
    }
    if (parts.empty() && !folder && text != ".") return failure("the pattern `{}` names nothing", pattern);
    if ((folder || parts.empty()) && (parts.empty() || parts.back().kind != Part::Kind::kAnyDepth)) {
      parts.push_back({Part::Kind::kAnyDepth, {}});
    }
    parts.find_marks();
    glob.alternatives_.push_back(std::move(parts));
  }
  return glob;
}

void Glob::Parts::find_marks() {
  if (front().kind == Part::Kind::kLiteral) head = front().text;
  const Part& last = back();
  if (last.kind == Part::Kind::kLiteral) {
    tail = last.text;
  } else if (last.kind == Part::Kind::kWild) {
    const std::size_t wild = last.text.find_last_of("*?[]\\");
    tail = last.text.substr(wild + 1);
  }
  for (const Part& part : *this) {
    // A class and an escape are more than the bytes they are written with: such parts are passed over.
    if (part.kind == Part::Kind::kWild && part.text.find_first_of("[\\") != std::string::npos) continue;
    std::string_view rest = part.text;
    while (!rest.empty()) {
      const std::string_view run =
          rest.substr(0, part.kind == Part::Kind::kWild ? rest.find_first_of("*?") : rest.size());
      if (run.size() > inside.size()) inside = run;
      rest.remove_prefix(std::min(run.size() + 1, rest.size()));
    }
  }
}

// As name_matches: one `**` to come back to is enough, since one that is further left would only leave less
// of the path.
bool Glob::parts_match(const Parts& parts, std::string_view path) {
  std::size_t at = 0;
  std::size_t any_depth = std::string_view::npos;
  std::string_view taken;  // the path behind what that `**` stands for
  while (true) {
    if (at < parts.size() && parts[at].kind == Part::Kind::kAnyDepth) {
      if (at + 1 == parts.size()) return !path.empty();
      any_depth = at++;
      taken = path;
      continue;
    }
    if (at == parts.size() && path.empty()) return true;
    if (at < parts.size() && !path.empty()) {
      std::string_view rest = path;
      if (part_matches(parts[at], take_part(rest))) {
        path = rest;
        ++at;
        continue;
      }
    }
    if (any_depth == std::string_view::npos || taken.empty()) return false;
    take_part(taken);
    path = taken;
    at = any_depth + 1;
  }
}

bool Glob::part_matches(const Part& part, std::string_view name) {
  return part.kind == Part::Kind::kLiteral ? name == part.text : name_matches(part.text, name);
}

bool Glob::matches(std::string_view path) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const Parts& parts) { return parts.may_match(path) && parts_match(parts, path); });
}

// Positions in `parts` that are reachable when all of `folder` has been consumed.
std::vector<std::size_t> Glob::after(const Parts& parts, std::string_view folder) {
  std::vector<std::size_t> positions{0};
  const auto close =
      [&](std::vector<std::size_t>& set) {  // kAnyDepth may stand for nothing, unless it is the last
        for (std::size_t i = 0; i < set.size(); ++i) {
          const std::size_t at = set[i];
          if (at + 1 < parts.size() && parts[at].kind == Part::Kind::kAnyDepth &&
              std::find(set.begin(), set.end(), at + 1) == set.end()) {
            set.push_back(at + 1);
          }
        }
      };
  close(positions);
  while (!folder.empty() && !positions.empty()) {
    const std::string_view name = take_part(folder);
    std::vector<std::size_t> next;
    const auto add = [&](std::size_t at) {
      if (std::find(next.begin(), next.end(), at) == next.end()) next.push_back(at);
    };
    for (const std::size_t at : positions) {
      if (at == parts.size()) continue;
      const Part& part = parts[at];
      if (part.kind == Part::Kind::kAnyDepth) {
        add(at);
      } else if (part_matches(part, name)) {
        add(at + 1);
      }
    }
    close(next);
    positions = std::move(next);
  }
  return positions;
}

bool Glob::may_match_below(std::string_view folder) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Parts& parts) {
    const auto positions = after(parts, folder);
    return std::any_of(positions.begin(), positions.end(), [&](std::size_t at) { return at < parts.size(); });
  });
}

bool Glob::matches_all_below(std::string_view folder) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Parts& parts) {
    const auto positions = after(parts, folder);
    return std::any_of(positions.begin(), positions.end(), [&](std::size_t at) {
      return at + 1 == parts.size() && parts[at].kind == Part::Kind::kAnyDepth;
    });
  });
}

std::string Glob::literal() const {
  if (alternatives_.size() != 1) return {};
  std::string path;
  for (const Part& part : alternatives_[0]) {
    if (part.kind != Part::Kind::kLiteral) return {};
    if (!path.empty()) path += '/';
    path += part.text;
  }
  return path;
}

std::string Glob::literal_prefix() const {
  std::vector<std::string> common;
  for (std::size_t k = 0; k < alternatives_.size(); ++k) {
    std::vector<std::string> prefix;
    for (const Part& part : alternatives_[k]) {
      if (part.kind != Part::Kind::kLiteral) break;
      prefix.push_back(part.text);
    }
    if (k == 0) {
      common = std::move(prefix);
    } else {
      const auto end = std::mismatch(common.begin(), common.end(), prefix.begin(), prefix.end()).first;
      common.erase(end, common.end());
    }
  }
  std::string path;
  for (const std::string& part : common) {
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

bool Glob::some_name_matches(const Part& a, const Part& b) {
  if (a.kind == Part::Kind::kAnyDepth || b.kind == Part::Kind::kAnyDepth) return true;
  if (a.kind == Part::Kind::kLiteral) return part_matches(b, a.text);
  if (b.kind == Part::Kind::kLiteral) return part_matches(a, b.text);
  return names_intersect(a.text, b.text);
}

// Every pair of places is looked at once. Behind the last part comes the end, and behind that a place for a
// `**` at the end, which has had its one part and may have more.
bool Glob::parts_intersect(const Parts& a, const Parts& b) {
  const auto at_end = [](const Parts& parts, std::size_t at) { return at >= parts.size(); };
  const auto any_depth = [](const Parts& parts, std::size_t at) {
    return at < parts.size() && parts[at].kind == Part::Kind::kAnyDepth;
  };
  const auto behind_name = [&](const Parts& parts, std::size_t at) {
    if (at > parts.size()) return at;
    if (!any_depth(parts, at)) return at + 1;
    return at + 1 == parts.size() ? parts.size() + 1 : at;
  };
  const std::size_t width = b.size() + 2;
  std::vector<char> seen((a.size() + 2) * width, 0);
  std::vector<std::pair<std::size_t, std::size_t>> open{{0, 0}};
  while (!open.empty()) {
    const auto [i, j] = open.back();
    open.pop_back();
    char& mark = seen[i * width + j];
    if (mark != 0) continue;
    mark = 1;
    if (at_end(a, i) && at_end(b, j)) return true;
    if (any_depth(a, i) && i + 1 < a.size()) open.emplace_back(i + 1, j);
    if (any_depth(b, j) && j + 1 < b.size()) open.emplace_back(i, j + 1);
    if (i == a.size() || j == b.size()) continue;
    if (at_end(a, i) || at_end(b, j) || some_name_matches(a[i], b[j])) {
      open.emplace_back(behind_name(a, i), behind_name(b, j));
    }
  }
  return false;
}

bool Glob::intersects(const Glob& other) const {
  for (const Parts& mine : alternatives_) {
    for (const Parts& theirs : other.alternatives_) {
      if (parts_intersect(mine, theirs)) return true;
    }
  }
  return false;
}

Result<GlobList> GlobList::parse(const std::vector<std::string>& patterns) {
  GlobList list;
  for (std::string_view pattern : patterns) {
    const bool exclude = pattern.starts_with('!');
    if (exclude) pattern.remove_prefix(1);
    auto glob = Glob::parse(pattern);
    if (!glob) return tl::unexpected(glob.error());
    list.entries_.push_back({exclude, std::move(*glob)});
  }
  return list;
}

bool GlobList::matches(std::string_view path) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->glob.matches(path)) return !entry->exclude;
  }
  return false;
}

bool GlobList::may_match_below(std::string_view folder) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->exclude ? entry->glob.matches_all_below(folder) : entry->glob.may_match_below(folder)) {
      return !entry->exclude;
    }
  }
  return false;
}

bool GlobList::covers_all_below(std::string_view folder) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->exclude ? entry->glob.may_match_below(folder) : entry->glob.matches_all_below(folder)) {
      return !entry->exclude;
    }
  }
  return false;
}

std::vector<std::string> GlobList::literals() const {
  std::vector<std::string> paths;
  for (const Entry& entry : entries_) {
    if (entry.exclude) continue;
    std::string path = entry.glob.literal();
    if (!path.empty() && matches(path)) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::vector<std::string> GlobList::roots() const {
  std::vector<std::string> folders;
  for (const Entry& entry : entries_) {
    if (!entry.exclude && entry.glob.literal().empty()) folders.push_back(entry.glob.literal_prefix());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<std::string> outer;
  for (std::string& folder : folders) {
    const bool inside = std::any_of(outer.begin(), outer.end(),
                                    [&](const std::string& other) { return is_inside(folder, other); });
    if (!inside) outer.push_back(std::move(folder));
  }
  return outer;
}

bool GlobList::may_overlap(const GlobList& other) const {
  for (const Entry& mine : entries_) {
    if (mine.exclude) continue;
    const std::string my_path = mine.glob.literal();
    for (const Entry& theirs : other.entries_) {
      if (theirs.exclude || !mine.glob.intersects(theirs.glob)) continue;
      const std::string their_path = theirs.glob.literal();
      const std::string& path = my_path.empty() ? their_path : my_path;
      if (path.empty() || (matches(path) && other.matches(path))) return true;
    }
  }
  return false;
}

}  // namespace devtask
