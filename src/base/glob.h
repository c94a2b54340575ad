// Glob patterns over project-relative paths ('/' between parts, no leading '/').
//
//   *      any bytes but '/'            **   as a whole part: any number of parts, also none
//   ?      one byte but '/'             [..] one byte of a class, [!..] not of it
//   {a,b}  either                       x/   a trailing slash: everything below folder x
//   \c     the character itself
//
// A list of patterns is read in order: a path belongs to it if the last pattern that matches has no leading
// '!'. A plain name of a folder (no wildcard, no slash at the end) is a path only; `name/` is the folder's
// content. Unaware of: the disk (plan/ walks it).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/result.h"

namespace devtask {

// One compiled pattern, braces expanded.
class Glob {
 public:
  Glob() = default;  // matches nothing
  // Errors: empty pattern, absolute path, '..' part, unclosed '[' or '{'.
  static Result<Glob> parse(std::string_view pattern);

  bool matches(std::string_view path) const;
  // True if something below `folder` (no trailing slash, "" is the root) could match.
  bool may_match_below(std::string_view folder) const;
  // True if everything below `folder` matches, so that a walk can prune it when excluded.
  bool matches_all_below(std::string_view folder) const;
  // The one path this can match, if it has no wildcard and no trailing slash; else empty.
  std::string literal() const;
  // Longest leading run of parts without wildcards, no trailing slash ("" = root), common to all
  // alternatives.
  std::string literal_prefix() const;
  // Whether some path matches both; exact but for escapes inside classes.
  bool intersects(const Glob& other) const;

 private:
  struct Part {
    enum class Kind { kLiteral, kWild, kAnyDepth } kind = Kind::kLiteral;
    std::string text;  // literal: the name without escapes; wild: the pattern

    DEVTASK_PRIVATE_FIELDS(Part, kind, text)
  };
  struct Parts : std::vector<Part> {  // a trailing kAnyDepth stands for at least one part
    // What every match begins with, ends with and holds: most paths are told apart by these alone.
    std::string head, tail, inside;
    void find_marks();
    bool may_match(std::string_view path) const {
      return path.starts_with(head) && path.ends_with(tail) && path.find(inside) != std::string_view::npos;
    }

    std::vector<Part>& list() { return *this; }
    const std::vector<Part>& list() const { return *this; }
    template <Is<Parts> T>
    friend auto fields(T& parts) {
      static_assert(sizeof(T) == sizeof(parts.list()) + 3 * sizeof(std::string));
      return std::tie(parts.list(), parts.head, parts.tail, parts.inside);
    }
  };

  static std::vector<std::size_t> after(const Parts& parts, std::string_view folder);
  static bool part_matches(const Part& part, std::string_view name);  // not of kAnyDepth
  static bool some_name_matches(const Part& a, const Part& b);
  static bool parts_match(const Parts& parts, std::string_view path);
  static bool parts_intersect(const Parts& a, const Parts& b);

  std::vector<Parts> alternatives_;

  DEVTASK_PRIVATE_FIELDS(Glob, alternatives)
};

// An ordered list of patterns with '!' exclusions.
class GlobList {
 public:
  GlobList() = default;
  static Result<GlobList> parse(const std::vector<std::string>& patterns);

  bool empty() const { return entries_.empty(); }
  bool matches(std::string_view path) const;
  bool may_match_below(std::string_view folder) const;
  // True if everything below `folder` belongs to the list.
  bool covers_all_below(std::string_view folder) const;
  // Paths named without wildcards, exclusions applied.
  std::vector<std::string> literals() const;
  // Folders a walk for the patterns with wildcards must start from, none inside another; "" is the root.
  std::vector<std::string> roots() const;
  // True if some path could belong to both lists. Exclusions count for paths without wildcards only, so it
  // may say true when unsure, never false when they overlap.
  bool may_overlap(const GlobList& other) const;

 private:
  struct Entry {
    bool exclude = false;
    Glob glob;

    DEVTASK_PRIVATE_FIELDS(Entry, exclude, glob)
  };
  std::vector<Entry> entries_;

  DEVTASK_PRIVATE_FIELDS(GlobList, entries)
};

}  // namespace devtask
