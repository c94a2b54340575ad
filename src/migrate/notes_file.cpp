#include "migrate/notes_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/notes_text.h"

namespace devtask {
namespace {

bool has(const std::vector<std::string>& ids, const std::string& id) {
  return std::ranges::find(ids, id) != ids.end();
}

const RevisionsToFind& of_label(const std::vector<RevisionsToFind>& dialects, const std::string& label) {
  return *std::ranges::find(dialects, label, &RevisionsToFind::label);
}

// Whether it names one of those revisions.
template <class Predicate>
bool names_any(const NotesEntry& entry, Predicate is_one) {
  return std::ranges::any_of(entry.revisions, [&](const NotedRevision& revision) {
    return std::ranges::any_of(revision.ids,
                               [&](const std::string& id) { return is_one(revision.label, id); });
  });
}

void check_entry(const NotesEntry& entry, bool fresh, const std::vector<RevisionsToFind>& dialects,
                 std::vector<NotesProblem>& problems) {
  for (const RevisionsToFind& dialect : dialects) {
    std::size_t said = 0;
    for (const NotedRevision& revision : entry.revisions) {
      if (revision.label != dialect.label) continue;
      if (revision.none || !revision.ids.empty()) ++said;
      for (const std::string& id : revision.ids) {
        if (has(dialect.all, id)) continue;
        problems.push_back(
            {revision.line,
             fmt::format("`{}`, of the entry `{}`, is no revision of {}", id, entry.title, dialect.label),
             "correct the id, or remove it if the revision is gone", fresh});
      }
    }
    if (said > 0) continue;
    problems.push_back({entry.line,
                        fmt::format("the entry `{}` has no revision of {}", entry.title, dialect.label),
                        fmt::format("write `{}: None` if it needs none", dialect.label), fresh});
  }
}

}  // namespace

std::vector<NotesEntry> parse_notes(std::string_view text, const std::vector<std::string>& labels) {
  const std::vector<NotesLine> lines = lines_of_notes(text);
  std::vector<NotesEntry> all;
  std::vector<std::size_t> levels;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    if (const auto heading = heading_of(text, lines, line)) {
      all.push_back({std::string(heading->title), line + 1, {}});
      levels.push_back(heading->level);
    } else if (!all.empty()) {
      std::ranges::move(revisions_of(text, lines, line, labels), std::back_inserter(all.back().revisions));
    }
  }
  std::set<std::size_t> levels_of_entries;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].revisions.empty()) levels_of_entries.insert(levels[i]);
  }
  std::vector<NotesEntry> entries;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // The first heading is the file's, and one with deeper ones below it is of a part.
    const bool is_part = i == 0 || (i + 1 < all.size() && levels[i + 1] > levels[i]);
    if (!all[i].revisions.empty() || (levels_of_entries.contains(levels[i]) && !is_part))
      entries.push_back(std::move(all[i]));
  }
  return entries;
}

std::string title_of(std::string_view name) {
  std::string title = harmless_title(name);
  if (title.find(' ') == std::string::npos) {  // else it is a sentence, with names in it
    std::ranges::replace(title, '_', ' ');
    title = harmless_title(title);
  }
  if (title.front() >= 'a' && title.front() <= 'z')
    title.front() = static_cast<char>(title.front() - 'a' + 'A');
  return title;
}

std::vector<NotesProblem> notes_problems(std::string_view text,
                                         const std::vector<RevisionsToFind>& dialects) {
  std::vector<std::string> labels;
  for (const RevisionsToFind& dialect : dialects) labels.push_back(dialect.label);
  const std::vector<NotesEntry> entries = parse_notes(text, labels);
  const auto is_fresh = [&](const std::string& label, const std::string& id) {
    return has(of_label(dialects, label).fresh, id);
  };
  const auto is_old = [&](const std::string& label, const std::string& id) {
    return !is_fresh(label, id) && has(of_label(dialects, label).all, id);
  };

  std::vector<NotesProblem> problems;
  for (const RevisionsToFind& dialect : dialects) {
    for (const std::string& id : dialect.fresh) {
      const auto is_it = [&](const std::string& label, const std::string& other) {
        return label == dialect.label && other == id;
      };
      if (std::ranges::any_of(entries, [&](const NotesEntry& entry) { return names_any(entry, is_it); }))
        continue;
      problems.push_back({entries.empty() ? 1 : entries.front().line,
                          fmt::format("there is no entry with the revision `{}` of {}", id, dialect.label),
                          fmt::format("write one at the top, with a line ``{}: `{}` ``", dialect.label, id),
                          true});
    }
  }
  bool above_old = true;
  for (const NotesEntry& entry : entries) {
    const bool fresh = names_any(entry, is_fresh);
    above_old = above_old && (fresh || !names_any(entry, is_old));
    check_entry(entry, fresh || above_old, dialects, problems);
  }
  std::ranges::stable_sort(problems, {}, &NotesProblem::line);
  return problems;
}

}  // namespace devtask
