// A project's notes on its migrations: a Markdown file with an entry for each, the newest at the top, and in
// it for each dialect a line of the label, a colon and the revision:
//
//   ## Add flow run new column
//
//   SQLite: `7c61d0b83f5a`
//   Postgres: None                  that dialect has no revision for it
//
// People write it, so much is read that is written otherwise: labels in other case, in bold or in a list, ids
// without backquotes, with links, several in a line, several labels in a line. The rest is prose, and stays
// as it is byte for byte, like what stands in fenced code and in comments. Labels are always those of all
// dialects, in their order. Ids have no blanks, backquotes or control characters, and none is called `None`.
// Unaware of: the disk, which revisions there are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

// What an entry says of one dialect in one place.
struct NotedRevision {
  std::string label;             // as it was asked for
  std::vector<std::string> ids;  // mostly one
  bool none = false;             // it says that there is none; without that and ids, nothing stands behind it
  std::size_t line = 0;          // from 1
  std::size_t lead = 0;          // the byte where its line begins, or its label behind another one
  std::size_t begin = 0, end = 0;  // the bytes of ids or `None`

  bool operator==(const NotedRevision&) const = default;
};

struct NotesEntry {
  std::string title;
  std::size_t line = 0;                  // of its heading
  std::vector<NotedRevision> revisions;  // as they stand there; empty for an entry that somebody began

  bool operator==(const NotesEntry&) const = default;
};

// From the top. A heading without revisions is an entry only among others of its level.
std::vector<NotesEntry> parse_notes(std::string_view text, const std::vector<std::string>& labels);

// What is to be noted of one dialect.
struct RevisionToNote {
  std::string label;
  std::string id;  // "" it has none for this migration
};

// The text with an entry at the top that is written like the newest ones there. If an entry has one of the
// ids already, or the one at the top has this title and no other ids for the labels, that one is completed.
// If all ids are there, or there are none, it is the same text.
std::string with_entry(std::string_view text, std::string_view title,
                       const std::vector<RevisionToNote>& revisions);

// "Add flow run new column" of `add_flow_run_new_column`: one line that is nothing but a title, whatever it
// is made of.
std::string title_of(std::string_view name);

// The revisions of one dialect.
struct RevisionsToFind {
  std::string label;
  std::vector<std::string> fresh;  // those that need an entry
  std::vector<std::string> all;    // also those
};

struct NotesProblem {
  std::size_t line = 0;
  std::string message, help;
  bool fresh = false;  // of a fresh revision, or above all entries of older ones

  bool operator==(const NotesProblem&) const = default;
};

// By line: fresh ids without an entry, ids of no revision, and entries that leave a dialect out.
std::vector<NotesProblem> notes_problems(std::string_view text, const std::vector<RevisionsToFind>& dialects);

}  // namespace devtask
