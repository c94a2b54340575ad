// The text of a file of notes, taken apart: what parse_notes reads, with where it stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/notes_file.h"

namespace devtask {

struct NotesLine {
  std::size_t begin = 0, end = 0;  // without its end of line
  std::size_t next = 0;            // where the next one begins
  bool prose = false;              // fenced code or a comment: nothing is read there
};

struct NotesHeading {
  std::size_t line = 0;  // index of it
  std::size_t level = 0;
  std::string_view title;
};

std::vector<NotesLine> lines_of_notes(std::string_view text);
std::optional<NotesHeading> heading_of(std::string_view text, const std::vector<NotesLine>& lines,
                                       std::size_t line);
// What the line says of dialects; none in most lines.
std::vector<NotedRevision> revisions_of(std::string_view text, const std::vector<NotesLine>& lines,
                                        std::size_t line, const std::vector<std::string>& labels);

// One line that is nothing but a title: no end of line, no level, no code, no comment.
std::string harmless_title(std::string_view text);

std::string_view trimmed_blanks(std::string_view text);
bool equals_without_case(std::string_view one, std::string_view other);

}  // namespace devtask
