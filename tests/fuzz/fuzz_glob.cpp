// Patterns: two of them, then paths, a line each. The matcher agrees with a slow and simple one, and
// everything that is said of folders, prefixes and overlaps agrees with what matches.
#include <algorithm>
#include <bitset>
#include <optional>

#include "action/action_result.h"
#include "base/glob.h"
#include "config/paths.h"
#include "input.h"
#include "require.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;
using Bytes = std::bitset<256>;

// ---- the slow and simple matcher ----

std::size_t behind_escape(std::string_view text, std::size_t i) { return i + (text[i] == '\\' ? 2 : 1); }

// The first group with a comma of its own; {open, close} and the texts between.
struct Group {
  std::size_t open, close;
  Strings choices;
};
std::optional<Group> first_group(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); i = behind_escape(text, i)) {
    if (text[i] != '{') continue;
    int depth = 0;
    Strings choices(1);
    std::size_t k = i;
    for (; k < text.size(); ++k) {
      if (text[k] == '{' && ++depth == 1) continue;
      if (text[k] == '}' && --depth == 0) break;
      if (text[k] == ',' && depth == 1) {
        choices.emplace_back();
        continue;
      }
      choices.back() += text[k];
      if (text[k] == '\\' && k + 1 < text.size()) choices.back() += text[++k];
    }
    if (choices.size() > 1) return Group{i, k, choices};
    i = k;  // no comma: plain text
  }
  return std::nullopt;
}

void expand(const std::string& text, Strings& all) {
  const auto group = first_group(text);
  if (!group) {
    all.push_back(text);
    return;
  }
  for (const std::string& choice : group->choices) {
    expand(text.substr(0, group->open) + choice + text.substr(group->close + 1), all);
  }
}

// One part of a pattern as what each of its places accepts.
struct Place {
  Bytes accepts;
  bool many = false;
};

std::vector<Place> places_of(std::string_view part) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < part.size(); ++i) {
    Place place;
    if (part[i] == '*' || part[i] == '?') {
      place.accepts.set();
      place.many = part[i] == '*';
    } else if (part[i] == '[') {
      std::size_t k = i + 1;
      const bool negated = part[k] == '!' || part[k] == '^';
      if (negated) ++k;
      for (const std::size_t start = k; part[k] != ']' || k == start; ++k) {
        if (part[k] == '\\' && k + 2 < part.size()) ++k;
        const auto low = static_cast<unsigned char>(part[k]);
        auto high = low;
        if (part[k + 1] == '-' && part[k + 2] != ']') {
          k += 2;
          high = static_cast<unsigned char>(part[k]);
        }
        for (unsigned c = low; c <= high; ++c) place.accepts.set(c);
      }
      if (negated) place.accepts.flip();
      i = k;
    } else {
      if (part[i] == '\\' && i + 1 < part.size()) ++i;
      place.accepts.set(static_cast<unsigned char>(part[i]));
    }
    places.push_back(place);
  }
  return places;
}

bool name_matches(const std::vector<Place>& places, std::string_view name) {
  std::vector<bool> reached(places.size() + 1, false);
  const auto skip_stars = [&] {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (reached[i] && places[i].many) reached[i + 1] = true;
    }
  };
  reached[0] = true;
  skip_stars();
  for (const char c : name) {
    std::vector<bool> next(places.size() + 1, false);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!reached[i] || !places[i].accepts[static_cast<unsigned char>(c)]) continue;
      next[places[i].many ? i : i + 1] = true;
    }
    reached = std::move(next);
    skip_stars();
  }
  return reached.back();
}

Strings parts_of(const std::string& path) {
  Strings parts = split(path, "/");
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "." || part == "\\."; });
  return parts;
}

// A set of places between the pattern's parts, moved on by each name of the path.
bool slow_matches_one(const std::string& pattern, const Strings& names) {
  Strings parts = parts_of(pattern);
  if (pattern.ends_with('/') || parts.empty()) parts.emplace_back("**");
  if (parts.back() == "**") {  // at the end: one name or more
    parts.back() = "*";
    parts.emplace_back("**");
  }
  std::vector<bool> reached(parts.size() + 1, false);
  const auto skip = [&] {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (reached[i] && parts[i] == "**") reached[i + 1] = true;
    }
  };
  reached[0] = true;
  skip();
  for (const std::string& name : names) {
    std::vector<bool> next(parts.size() + 1, false);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!reached[i]) continue;
      if (parts[i] == "**") {
        next[i] = true;
      } else if (name_matches(places_of(parts[i]), name)) {
        next[i + 1] = true;
      }
    }
    reached = std::move(next);
    skip();
  }
  return reached.back();
}

bool slow_matches(const Strings& alternatives, const std::string& path) {
  const Strings names = split(path, "/");
  return std::any_of(alternatives.begin(), alternatives.end(),
                     [&](const std::string& one) { return slow_matches_one(one, names); });
}

// ---- the claims ----

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// "" and every folder above `path`.
Strings folders_above(const std::string& path) {
  Strings folders{""};
  for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
    folders.push_back(path.substr(0, at));
  }
  return folders;
}

void check_one(const Glob& glob, const std::string& pattern, const Strings& paths) {
  const std::string shown = "pattern: " + pattern;
  const std::string literal = glob.literal(), prefix = glob.literal_prefix();
  require(literal.empty() || is_safe_relative_path(literal), "the one path lies in the project", shown);
  require(literal.empty() || glob.matches(literal), "the one path matches", shown);
  require(prefix.empty() || is_safe_relative_path(prefix), "the folder to begin with lies in the project",
          shown);
  require(glob.intersects(glob) || pattern.find('[') != std::string::npos, "a pattern overlaps itself",
          shown);
  Strings alternatives;
  expand(pattern, alternatives);
  for (const std::string& path : paths) {
    const bool matches = glob.matches(path);
    require(matches == slow_matches(alternatives, path), "the fast matcher agrees with the slow one",
            shown + ", path: " + path);
    for (const std::string& folder : folders_above(path)) {
      require(!matches || glob.may_match_below(folder), "below each folder above a match something can match",
              shown);
      require(matches || !glob.matches_all_below(folder), "where all matches, all matches", shown);
    }
    if (!matches) continue;
    require(literal.empty() || path == literal, "a pattern without wildcards matches one path", shown);
    require(is_at_or_below(path, prefix), "each match begins as the pattern does", shown);
  }
}

void check_lists(const Strings& patterns, const Strings& paths) {
  const auto list = GlobList::parse(patterns);
  const auto first = GlobList::parse({patterns.front()});
  if (!list || !first) return;
  const Strings literals = list->literals(), roots = list->roots();
  for (const std::string& path : paths) {
    const bool matches = list->matches(path);
    bool expected = false;
    for (const std::string& pattern : patterns) {
      const bool exclude = pattern.starts_with('!');
      const auto glob = Glob::parse(without_exclamation(pattern));
      if (glob && glob->matches(path)) expected = !exclude;
    }
    require(matches == expected, "the last pattern that matches decides");
    for (const std::string& folder : folders_above(path)) {
      require(!matches || list->may_match_below(folder), "no folder that holds a match is skipped");
      require(matches || !list->covers_all_below(folder), "what covers a folder covers all of it");
    }
    if (!matches) continue;
    const bool literal = std::binary_search(literals.begin(), literals.end(), path);
    const bool walked = std::any_of(roots.begin(), roots.end(),
                                    [&](const std::string& root) { return is_at_or_below(path, root); });
    require(literal || walked, "each match is named or walked to");
    if (first->matches(path)) require(list->may_overlap(*first), "lists that share a path overlap");
  }
}

void check(std::string_view text) {
  Strings lines = split(text, "\n");
  lines.resize(std::max<std::size_t>(lines.size(), 2));
  const Strings patterns(lines.begin(), lines.begin() + 2);
  Strings paths(lines.begin() + 2, lines.end());
  std::erase_if(paths, [](const std::string& path) { return path.empty() || !is_safe_relative_path(path); });
  std::vector<std::optional<Glob>> globs;
  for (const std::string& pattern : patterns) {
    auto glob = Glob::parse(without_exclamation(pattern));
    globs.push_back(glob ? std::optional(std::move(*glob)) : std::nullopt);
    if (globs.back()) check_one(*globs.back(), std::string(without_exclamation(pattern)), paths);
  }
  if (globs[0] && globs[1]) {
    const bool overlap = globs[0]->intersects(*globs[1]);
    require(overlap == globs[1]->intersects(*globs[0]), "overlapping is mutual",
            patterns[0] + " and " + patterns[1]);
    for (const std::string& path : paths) {
      require(overlap || !globs[0]->matches(path) || !globs[1]->matches(path),
              "patterns that share a path overlap", patterns[0] + " and " + patterns[1] + " on " + path);
    }
    check_lists(patterns, paths);
  }
  for (const std::string& path : paths) {
    const auto itself = Glob::parse(escape_glob(path));
    require(itself && itself->literal() == path, "an escaped path stands for itself", path);
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
