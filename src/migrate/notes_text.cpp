#include "migrate/notes_text.h"

#include <algorithm>

namespace devtask {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kBetweenLabels = " \t\r,;|/*_";
constexpr std::size_t kIndentOfCode = 4;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_word(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || (c & '\x80') != 0;
}
bool is_none(std::string_view word) {
  return equals_without_case(word, "none") || equals_without_case(word, "n/a") || word == "-" ||
         word == "–" || word == "—";
}

std::string_view view(std::string_view text, const NotesLine& line) {
  return text.substr(line.begin, line.end - line.begin);
}

// Behind the blanks of a line that is no indented code.
std::optional<std::size_t> indent(std::string_view line) {
  const std::size_t first = line.find_first_not_of(' ');
  if (first == std::string_view::npos || first >= kIndentOfCode || line[first] == '\t') return std::nullopt;
  return first;
}

// "```" or longer, or "~~~"; empty if the line opens no fenced code.
std::string_view fence_of(std::string_view line) {
  const auto first = indent(line);
  if (!first || (line[*first] != '`' && line[*first] != '~')) return {};
  const std::string_view rest = line.substr(*first);
  const std::string_view fence = rest.substr(0, std::min(rest.find_first_not_of(rest.front()), rest.size()));
  const bool is_code_in_a_line =
      rest.front() == '`' && rest.find('`', fence.size()) != std::string_view::npos;
  return fence.size() < 3 || is_code_in_a_line ? std::string_view() : fence;
}

bool closes(std::string_view line, std::string_view fence) {
  const std::string_view closing = fence_of(line);
  return closing.size() >= fence.size() && closing.front() == fence.front() &&
         trimmed_blanks(line) == closing;
}

// A part of a line that says something of a dialect: from where its label begins to the next one's.
struct Labelled {
  const std::string* label = nullptr;
  std::size_t begin = 0, value = 0;
};

// Behind "LABEL:" with what makes it bold, if it stands at `at`.
std::optional<std::size_t> behind_label(std::string_view line, std::size_t at, std::string_view label) {
  constexpr std::string_view kEmphasis = "*_";
  if (label.empty() || !equals_without_case(line.substr(at, label.size()), label)) return std::nullopt;
  std::size_t behind = line.find_first_not_of("*_ ", at + label.size());
  if (behind == std::string_view::npos || line[behind] != ':') return std::nullopt;
  behind = line.find_first_not_of(kEmphasis, behind + 1);
  return behind == std::string_view::npos ? line.size() : behind;
}

std::optional<Labelled> label_at(std::string_view line, std::size_t at,
                                 const std::vector<std::string>& labels) {
  for (const std::string& label : labels) {
    if (const auto value = behind_label(line, at, label)) return Labelled{&label, at, *value};
  }
  return std::nullopt;
}

std::vector<Labelled> labels_in(std::string_view line, const std::vector<std::string>& labels) {
  std::vector<Labelled> found;
  const auto first = indent(line);
  if (!first) return found;
  for (std::size_t at = *first; at < line.size(); ++at) {
    if (auto labelled = label_at(line, at, labels)) {
      found.push_back(*labelled);
      break;
    }
    if (std::string_view("-*+_ ").find(line[at]) == std::string_view::npos) break;
  }
  if (found.empty()) return found;
  bool quoted = false;
  for (std::size_t at = found.front().value; at < line.size(); ++at) {
    if (line[at] == '`') quoted = !quoted;
    if (quoted || is_word(line[at - 1])) continue;
    if (auto labelled = label_at(line, at, labels)) {
      found.push_back(*labelled);
      at = std::max(at, labelled->value - 1);
    }
  }
  return found;
}

// Reads "`a`, `b` (see [`c`](url))": ids until something else comes.
class ValueReader {
 public:
  explicit ValueReader(std::string_view text) : text_(text) {}

  // False if it is prose.
  bool read(NotedRevision& into) {
    while (skip_separators()) {
      const std::size_t begin = at_;
      bool bare = false;
      const std::string_view word = next_word(bare);
      if (word.empty()) break;
      const bool ended = ends_here();
      if (into.ids.empty() && is_none(word) && (!bare || ended || text_[at_] == ' ')) {
        into.none = true;
        into.begin = begin, into.end = at_;
        return true;
      }
      // Words that are not set off by a comma are a sentence: behind ids, or all of it.
      if (bare && !ended) return !into.ids.empty() && !begins_bare_;
      if (into.ids.empty()) into.begin = begin, begins_bare_ = bare;
      into.end = at_;
      into.ids.emplace_back(word);
    }
    return !into.ids.empty();
  }

 private:
  bool skip_separators() {
    constexpr std::string_view kSeparators = " \t\r,;&/+";
    while (true) {
      at_ = std::min(text_.find_first_not_of(kSeparators, at_), text_.size());
      if (text_.substr(at_, 4) != "and ") return at_ < text_.size();
      at_ += 4;
    }
  }

  // Empty: no id begins here.
  std::string_view next_word(bool& bare) {
    const std::string_view rest = text_.substr(at_);
    std::string_view word;
    std::size_t size = 0;
    if (rest.front() == '`') {
      size = rest.find('`', 1) + 1;
      if (size != 0) word = rest.substr(1, size - 2);
    } else if (rest.front() == '[') {
      const std::size_t middle = rest.find("](");
      size = rest.find(')', middle) + 1;
      if (size != 0) word = rest.substr(1, middle - 1);
      if (word.size() > 2 && word.front() == '`' && word.back() == '`')
        word = word.substr(1, word.size() - 2);
    } else {
      bare = true;
      word = rest.substr(0, rest.find_first_of(" \t\r,;&+`([]"));
      if (word.ends_with('.')) word.remove_suffix(1);
      size = word.size();
    }
    if (!is_id(word)) return {};
    at_ += size;
    return word;
  }
  static bool is_id(std::string_view word) {
    return !word.empty() && std::ranges::none_of(word, [](char c) {
      return c == ' ' || c == '`' || c == '\x7f' || (c >= 0 && c < ' ');
    });
  }
  // A comma, an "and", a remark in parentheses or the end.
  bool ends_here() const {
    const std::string_view rest = trimmed_blanks(text_.substr(at_));
    return rest.empty() || rest == "." ||
           std::string_view(",;&+(/").find(rest.front()) != std::string_view::npos ||
           rest.starts_with("and ");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool begins_bare_ = false;  // the first id has no backquotes
};

}  // namespace

std::string_view trimmed_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? text.substr(0, 0)
                                         : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool equals_without_case(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

std::string harmless_title(std::string_view text) {
  std::string title;
  for (char c : text) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = ' ';
    if (c == '`') c = '\'';
    const bool begins_word = title.empty() || title.back() == ' ';
    if (begins_word && (c == ' ' || c == '#')) continue;  // levels, and the end of a heading
    if ((c == '!' && title.ends_with('<')) || (c == '>' && title.ends_with("--"))) continue;  // comments
    title += c;
  }
  if (title.ends_with(' ')) title.pop_back();
  return title.empty() ? "Migration" : title;
}

std::vector<NotesLine> lines_of_notes(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::vector<NotesLine> lines;
  for (std::size_t at = text.starts_with(kMark) ? kMark.size() : 0; at < text.size();) {
    NotesLine line{at, std::min(text.find('\n', at), text.size()), 0};
    line.next = std::min(line.end + 1, text.size());
    if (line.next > line.end && line.end > at && text[line.end - 1] == '\r') --line.end;
    at = line.next;
    lines.push_back(line);
  }
  // What is opened and never closed is not taken for the rest of the file: an entry may stand there.
  for (std::size_t first = 0; first < lines.size(); ++first) {
    const std::string_view line = view(text, lines[first]);
    const std::string_view fence = fence_of(line);
    const bool comment = fence.empty() && trimmed_blanks(line).starts_with("<!--");
    if (fence.empty() && !comment) continue;
    const auto ends = [&](std::size_t at) {
      const std::string_view other = view(text, lines[at]);
      return comment ? other.find("-->") != std::string_view::npos : closes(other, fence);
    };
    std::size_t last = comment ? first : first + 1;
    while (last < lines.size() && !ends(last)) ++last;
    if (last == lines.size()) continue;
    for (; first < last; ++first) lines[first].prose = true;
    lines[last].prose = true;
  }
  return lines;
}

std::optional<NotesHeading> heading_of(std::string_view text, const std::vector<NotesLine>& lines,
                                       std::size_t line) {
  constexpr std::size_t kDeepest = 6;
  const std::string_view whole = view(text, lines[line]);
  const auto first = indent(whole);
  if (lines[line].prose || !first || whole[*first] != '#') return std::nullopt;
  const std::size_t behind = std::min(whole.find_first_not_of('#', *first), whole.size());
  const std::size_t level = behind - *first;
  if (level > kDeepest || (behind < whole.size() && kBlanks.find(whole[behind]) == std::string_view::npos))
    return std::nullopt;
  std::string_view title = trimmed_blanks(whole.substr(behind));
  // "## Title ##" is the same as "## Title".
  const std::size_t last = title.find_last_not_of('#');
  if (last == std::string_view::npos) {
    title = {};
  } else if (kBlanks.find(title[last]) != std::string_view::npos) {
    title = trimmed_blanks(title.substr(0, last));
  }
  return NotesHeading{line, level, title};
}

std::vector<NotedRevision> revisions_of(std::string_view text, const std::vector<NotesLine>& lines,
                                        std::size_t line, const std::vector<std::string>& labels) {
  std::vector<NotedRevision> revisions;
  if (lines[line].prose) return revisions;
  const std::string_view whole = view(text, lines[line]);
  const std::vector<Labelled> found = labels_in(whole, labels);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool last = i + 1 == found.size();
    std::string_view value =
        whole.substr(found[i].value, (last ? whole.size() : found[i + 1].begin) - found[i].value);
    if (!last) value = value.substr(0, value.find_last_not_of(kBetweenLabels) + 1);
    NotedRevision revision{
        *found[i].label, {}, false, line + 1, lines[line].begin + (i == 0 ? 0 : found[i].begin)};
    if (trimmed_blanks(value).empty()) {
      revision.begin = revision.end = value.size();
    } else if (!ValueReader(value).read(revision)) {
      continue;
    }
    revision.begin += lines[line].begin + found[i].value;
    revision.end += lines[line].begin + found[i].value;
    revisions.push_back(std::move(revision));
  }
  return revisions;
}

}  // namespace devtask
