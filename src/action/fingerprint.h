// Everything that an action's result depends on, as sorted text of one fact a line; its SHA-256 is the
// action's key.
//
//   devtask-fingerprint 1
//   <kind> <name><TAB><value>          kind and value depend on the fact; names and values are escaped
//
// `explain` compares two such texts, so an explanation cannot disagree with the decision.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

// Collects facts in any order; text() sorts them.
class Fingerprint {
 public:
  // `kind` is one word of lower-case letters and '-'; kinds in use: command, commit, cwd, dep, edits,
  // creates, env, input, installed, output, platform, program, shell, task, timeout.
  void add(std::string_view kind, std::string_view name, std::string_view value);
  std::string text() const;
  // Of both together.
  std::string text_with(const Fingerprint& more) const;

 private:
  struct Line;
  void append_lines(std::vector<Line>& lines) const;

  // One string for all lines: an allocation for each of 20,000 facts would cost more than their SHA-256.
  std::string lines_;
  std::vector<std::size_t> starts_;  // of the lines in `lines_`
};

// One difference between the text of the last success and the wanted one.
struct Change {
  enum class What : std::uint8_t { kAdded, kRemoved, kChanged, kRenamed };
  What what = What::kChanged;
  std::string kind;      // of the fact, or "format" when the texts are of different versions
  std::string name;      // renamed: the new name
  std::string before;    // value; "" when added
  std::string after;     // value; "" when removed
  std::string old_name;  // renamed only

  bool operator==(const Change&) const = default;

  // "ui/src/main.ts changed", "src/new.py added", "a.py renamed to b.py", "environment variable X changed",
  // "its command changed" … Names are escaped, so that it is one line.
  std::string sentence() const;
};

// Sorted with the most telling first: command, environment, programs, inputs, dependencies, the rest; then by
// name. An input that left under one name and came back with the same content under another is one change,
// told as renamed. Changes that read the same (two steps of a command) are told once. Texts need not be
// sorted; nothing is trusted about them.
std::vector<Change> explain(std::string_view before, std::string_view after);

}  // namespace devtask
