// How two fingerprints differ, and how that is said.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "action/escaped_text.h"
#include "action/fingerprint.h"

namespace devtask {
namespace {

using What = Change::What;

struct Fact {
  std::string_view kind, name, value;  // escaped, views into the text
  bool operator==(const Fact&) const = default;
  auto operator<=>(const Fact&) const = default;
};

struct Facts {
  std::string_view header;
  std::vector<Fact> facts;  // sorted
};

Facts parse(std::string_view text) {
  Facts parsed;
  bool first = true;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    if (std::exchange(first, false)) {
      parsed.header = line;
      continue;
    }
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view kind = line.substr(0, blank);
    const std::string_view rest = line.substr(std::min(blank + 1, line.size()));
    const std::size_t tab = std::min(rest.find('\t'), rest.size());
    parsed.facts.push_back({kind, rest.substr(0, tab), rest.substr(std::min(tab + 1, rest.size()))});
  }
  std::sort(parsed.facts.begin(), parsed.facts.end());
  return parsed;
}

std::string unescaped(std::string_view text) { return unescape_line(text).value_or(std::string(text)); }

std::string escaped(std::string_view bytes) {
  std::string text;
  append_escaped(text, bytes);
  return text;
}

Change change(What what, const Fact& fact, std::string_view before, std::string_view after) {
  return {what, std::string(fact.kind), unescaped(fact.name), unescaped(before), unescaped(after), {}};
}

// Facts of one kind and name may come more than once; then those with equal values are taken out and the
// others paired in the order of their values.
std::vector<Change> differences(const std::vector<Fact>& before, const std::vector<Fact>& after) {
  std::vector<Change> changes;
  std::vector<Fact> gone, come;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(gone));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(come));
  const auto name_of = [](const Fact& fact) { return std::tie(fact.kind, fact.name); };
  auto old_fact = gone.begin();
  auto new_fact = come.begin();
  while (old_fact != gone.end() || new_fact != come.end()) {
    if (new_fact == come.end() || (old_fact != gone.end() && name_of(*old_fact) < name_of(*new_fact))) {
      changes.push_back(change(What::kRemoved, *old_fact, old_fact->value, {}));
      ++old_fact;
    } else if (old_fact == gone.end() || name_of(*new_fact) < name_of(*old_fact)) {
      changes.push_back(change(What::kAdded, *new_fact, {}, new_fact->value));
      ++new_fact;
    } else {
      changes.push_back(change(What::kChanged, *old_fact, old_fact->value, new_fact->value));
      ++old_fact;
      ++new_fact;
    }
  }
  return changes;
}

// "absent" and the like say nothing about where a file went.
bool names_content(std::string_view value) {
  constexpr std::size_t kHexLength = 64;
  return value.size() >= kHexLength &&
         value.substr(value.size() - kHexLength).find_first_not_of("0123456789abcdef") ==
             std::string_view::npos;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Joins an input that left with one that came and has the same content; with several to choose from, one with
// the same file name (a moved folder full of equal `__init__.py`).
void detect_renames(std::vector<Change>& changes) {
  std::unordered_map<std::string_view, std::vector<Change*>> removed;
  for (Change& change : changes) {
    if (change.kind == "input" && change.what == What::kRemoved && names_content(change.before)) {
      removed[change.before].push_back(&change);
    }
  }
  if (removed.empty()) return;
  // Two rounds, so that a file with another name does not take the place of one with the same.
  std::vector<const Change*> used;
  for (const bool same_name : {true, false}) {
    for (Change& change : changes) {
      if (change.kind != "input" || change.what != What::kAdded) continue;
      const auto found = removed.find(change.after);
      if (found == removed.end()) continue;
      std::vector<Change*>& choices = found->second;
      const auto choice = std::find_if(choices.begin(), choices.end(), [&](const Change* old) {
        return !same_name || base_name(old->name) == base_name(change.name);
      });
      if (choice == choices.end()) continue;
      change.what = What::kRenamed;
      change.before = change.after;
      change.old_name = (*choice)->name;
      used.push_back(*choice);
      choices.erase(choice);
    }
  }
  std::sort(used.begin(), used.end());
  std::vector<Change> left;
  for (Change& change : changes) {
    if (!std::binary_search(used.begin(), used.end(), &change)) left.push_back(std::move(change));
  }
  changes = std::move(left);
}

// In the order in which changes are told; what is not here comes last.
constexpr std::array<std::string_view, 16> kKinds = {
    "format",   "command", "task", "cwd",    "shell", "env",    "program", "installed",
    "platform", "input",   "dep",  "commit", "edits", "output", "creates", "timeout"};

// Of a commit's id, as much as people know it by; what is said of it behind a blank stays.
std::string shortened(std::string_view commit) {
  constexpr std::size_t kShown = 12;
  const std::string_view id = commit.substr(0, commit.find(' '));
  return escaped(id.substr(0, kShown)) + escaped(commit.substr(id.size()));
}

std::size_t rank(const Change& change) {
  return static_cast<std::size_t>(std::find(kKinds.begin(), kKinds.end(), change.kind) - kKinds.begin());
}

}  // namespace

std::string Change::sentence() const {
  const std::string shown = escaped(name);
  constexpr std::array<std::string_view, 4> kVerbs = {"added", "removed", "changed", "renamed"};
  const std::string_view verb = kVerbs[static_cast<std::size_t>(what)];
  if (what == What::kRenamed) return fmt::format("{} renamed to {}", escaped(old_name), shown);
  if (kind == "input") return fmt::format("{} {}", shown, verb);
  if (kind == "env") return fmt::format("environment variable {} {}", shown, verb);
  if (kind == "program") return fmt::format("program {} {}", shown, verb);
  if (kind == "installed") return fmt::format("installed distributions changed: {}", shown);
  if (kind == "commit" && what == What::kChanged)
    return fmt::format("commit changed: {} → {}", shortened(before), shortened(after));
  if (kind == "commit") return fmt::format("commit {}", verb);
  if (kind == "dep") return fmt::format("its dependency {} {}", shown, verb);
  // There is one of these, or the parts tell the reader nothing.
  if (kind == "format") return "devtask's own way to look at tasks changed";
  if (kind == "command") return "its command changed";
  if (kind == "cwd") return "its working directory changed";
  if (kind == "platform") return "the platform changed";
  if (kind == "shell") return "its shell changed";
  if (kind == "timeout") return "its time limit changed";
  if (kind == "task") return name.empty() ? "its definition changed" : fmt::format("its {} changed", shown);
  // edits, output, creates: patterns.
  return fmt::format("{} {} {}", escaped(kind), shown, verb);
}

std::vector<Change> explain(std::string_view before, std::string_view after) {
  const Facts old_facts = parse(before);
  const Facts new_facts = parse(after);
  std::vector<Change> changes;
  if (old_facts.header != new_facts.header) {
    changes.push_back(
        {What::kChanged, "format", {}, std::string(old_facts.header), std::string(new_facts.header), {}});
  }
  std::vector<Change> differing = differences(old_facts.facts, new_facts.facts);
  detect_renames(differing);
  std::move(differing.begin(), differing.end(), std::back_inserter(changes));
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return rank(a) < rank(b); });
  // Those that read the same are neighbours: same kind, and sorted by name within it.
  const auto told = std::unique(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.kind == b.kind && a.sentence() == b.sentence();
  });
  changes.erase(told, changes.end());
  return changes;
}

}  // namespace devtask
