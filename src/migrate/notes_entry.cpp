// How an entry comes into the notes.
#include <algorithm>
#include <map>
#include <optional>

#include "migrate/notes_file.h"
#include "migrate/notes_text.h"

namespace devtask {
namespace {

using Revisions = std::vector<RevisionToNote>;

// Whether it can be read without backquotes.
bool is_plain(std::string_view id) {
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return is_word(id.front()) && is_word(id.back()) && id != "and" &&
         std::ranges::all_of(id, [&](char c) { return is_word(c) || c == '_' || c == '-' || c == '.'; });
}

// How entries of a file are written.
struct Form {
  struct Label {
    std::string lead;                 // "- **SQLite**: ", all that stands before an id
    std::optional<std::string> none;  // how it says that there is none
  };

  std::string heading = "## ";
  std::string end_of_line = "\n";
  std::size_t blank_below_heading = 1, blank_below_entry = 1;  // lines
  std::string between;                                         // dialects
  bool quoted = true;
  std::string none = "None";
  std::vector<std::string> order;  // of labels
  std::map<std::string, Label> labels;

  std::string value(const RevisionToNote& revision) const {
    if (revision.id.empty()) {
      const auto& own = labels.at(revision.label).none;
      return own ? *own : none;
    }
    return quoted || !is_plain(revision.id) ? "`" + revision.id + "`" : revision.id;
  }
  std::string piece(const RevisionToNote& revision) const {
    return labels.at(revision.label).lead + value(revision);
  }
  std::string pieces(const Revisions& revisions) const {
    std::string all;
    for (const RevisionToNote& each : revisions) all += (all.empty() ? "" : between) + piece(each);
    return all;
  }
  std::string line_ends(std::size_t count) const {
    std::string all;
    while (count-- > 0) all += end_of_line;
    return all;
  }
};

std::size_t line_of(const NotedRevision& revision) { return revision.line - 1; }

class NotesEditor {
 public:
  NotesEditor(std::string_view text, const Revisions& revisions)
      : text_(text), revisions_(revisions), lines_(lines_of_notes(text)) {
    for (const RevisionToNote& each : revisions) labels_.push_back(each.label);
    entries_ = parse_notes(text, labels_);
    read_form();
    std::ranges::stable_sort(revisions_, {}, [&](const RevisionToNote& each) {
      return std::ranges::find(form_.order, each.label) - form_.order.begin();
    });
  }

  // In the file's form, if that can be read again.
  std::string with(const std::string& title) {
    std::string made = written(title);
    const std::vector<NotesEntry> entries = parse_notes(made, labels_);
    const bool readable = std::ranges::all_of(revisions_, [&](const RevisionToNote& each) {
      return each.id.empty() ||
             std::ranges::any_of(entries, [&](const NotesEntry& entry) { return has(entry, each); });
    });
    if (readable) return made;
    write_plainly();
    return written(title);
  }

 private:
  std::string written(const std::string& title) const {
    const auto noted = [&](const RevisionToNote& each) {
      return each.id.empty() ||
             std::ranges::any_of(entries_, [&](const NotesEntry& entry) { return has(entry, each); });
    };
    if (std::ranges::all_of(revisions_, noted)) return std::string(text_);
    for (const NotesEntry& entry : entries_) {
      if (std::ranges::any_of(revisions_, [&](const RevisionToNote& each) { return has(entry, each); }))
        return completed(entry);
    }
    if (const auto top = unfinished(title)) return completed(*top);
    return with_new(title);
  }

  static bool has(const NotesEntry& entry, const RevisionToNote& wanted) {
    return std::ranges::any_of(entry.revisions, [&](const NotedRevision& revision) {
      return revision.label == wanted.label &&
             std::ranges::find(revision.ids, wanted.id) != revision.ids.end();
    });
  }

  std::string_view line(std::size_t index) const {
    return text_.substr(lines_[index].begin, lines_[index].end - lines_[index].begin);
  }
  bool is_blank(std::size_t index) const { return trimmed_blanks(line(index)).empty(); }
  std::size_t blank_lines_from(std::size_t first) const {
    std::size_t count = 0;
    while (first + count < lines_.size() && is_blank(first + count)) ++count;
    return count;
  }
  std::size_t blank_lines_above(std::size_t index) const {
    std::size_t count = 0;
    while (count < index && is_blank(index - count - 1)) ++count;
    return count;
  }

  // ---- Form

  void read_form() {
    const auto newest =
        std::ranges::find_if(entries_, [](const NotesEntry& entry) { return !entry.revisions.empty(); });
    const std::size_t first = newest == entries_.end() ? 0 : newest->line - 1;
    if (first < lines_.size() && text_.substr(lines_[first].end).starts_with('\r'))
      form_.end_of_line = "\r\n";
    if (newest != entries_.end()) {
      form_.heading = std::string(heading_of(text_, lines_, first)->level, '#') + " ";
      form_.blank_below_heading = blank_lines_from(first + 1);
      std::size_t next = first + 1;
      while (next < lines_.size() && !heading_of(text_, lines_, next)) ++next;
      if (next < lines_.size()) form_.blank_below_entry = blank_lines_above(next);
    }
    form_.between = form_.line_ends(1 + std::min<std::size_t>(form_.blank_below_heading, 1));
    read_between();
    read_order();
    read_labels();
  }

  void write_plainly() {
    form_.between = form_.end_of_line;
    form_.quoted = true;
    for (const std::string& label : labels_) form_.labels[label] = {label + ": ", "None"};
  }

  // Of the newest entry with two dialects.
  void read_between() {
    for (const NotesEntry& entry : entries_) {
      for (std::size_t i = 1; i < entry.revisions.size(); ++i) {
        const NotedRevision &above = entry.revisions[i - 1], &below = entry.revisions[i];
        if (above.label == below.label) continue;
        const std::string_view gap = text_.substr(above.end, below.lead - above.end);
        const bool in_line = above.line == below.line;
        if (in_line && gap.find_first_not_of(" ,;|/") != std::string_view::npos) return;
        form_.between = in_line && !gap.empty() ? std::string(gap)
                                                : form_.line_ends(1 + blank_lines_above(line_of(below)));
        return;
      }
    }
  }

  // Of the newest entry with the most of the labels.
  void read_order() {
    for (const NotesEntry& entry : entries_) {
      std::vector<std::string> order;
      for (const NotedRevision& each : entry.revisions) {
        if (std::ranges::find(order, each.label) == order.end()) order.push_back(each.label);
      }
      if (order.size() > form_.order.size()) form_.order = std::move(order);
    }
    for (const std::string& label : labels_) {
      if (std::ranges::find(form_.order, label) == form_.order.end()) form_.order.push_back(label);
    }
  }

  void read_labels() {
    const NotedRevision* model = nullptr;
    bool quotes_known = false, none_known = false;
    for (const NotesEntry& entry : entries_) {
      for (const NotedRevision& revision : entry.revisions) {
        const std::string value(text_.substr(revision.begin, revision.end - revision.begin));
        if (value.empty()) continue;
        if (model == nullptr) model = &revision;
        if (!form_.labels.contains(revision.label)) {
          form_.labels[revision.label].lead = text_.substr(revision.lead, revision.begin - revision.lead);
        }
        if (revision.none) {
          auto& none = form_.labels[revision.label].none;
          if (!none) none = value;
          if (!none_known) form_.none = value;
          none_known = true;
        } else if (!quotes_known) {
          form_.quoted = value.find('`') != std::string::npos;
          quotes_known = true;
        }
      }
    }
    for (const std::string& label : labels_) {
      if (form_.labels.contains(label)) continue;
      form_.labels[label].lead = lead_like(model, label);
    }
  }

  // As it is for another label.
  std::string lead_like(const NotedRevision* model, const std::string& label) const {
    if (model == nullptr) return label + ": ";
    std::string lead = form_.labels.at(model->label).lead;
    for (std::size_t at = 0; at < lead.size(); ++at) {
      if (equals_without_case(std::string_view(lead).substr(at, model->label.size()), model->label))
        return lead.replace(at, model->label.size(), label);
    }
    return label + ": ";
  }

  // ---- A new entry

  std::string with_new(const std::string& title) const {
    const std::string entry =
        form_.heading + title + form_.line_ends(1 + form_.blank_below_heading) + form_.pieces(revisions_);
    if (!entries_.empty()) {
      const std::size_t at = lines_[entries_.front().line - 1].begin;
      return inserted(at, entry + form_.line_ends(1 + form_.blank_below_entry));
    }
    const bool whole = lines_.empty() || text_.ends_with('\n');  // its last line
    const bool nothing = blank_lines_from(0) == lines_.size();
    const bool apart = nothing || (whole && is_blank(lines_.size() - 1));
    return std::string(text_) + form_.line_ends((whole ? 0 : 1) + (apart ? 0 : 1)) +
           (nothing ? "# Migration notes" + form_.line_ends(2) : "") + entry + form_.line_ends(whole ? 1 : 0);
  }

  std::string inserted(std::size_t at, const std::string& more) const {
    return std::string(text_.substr(0, at)) + more + std::string(text_.substr(at));
  }

  // ---- An entry that is there

  // The one at the top, if it has this title and a place for each of the ids.
  std::optional<NotesEntry> unfinished(const std::string& title) const {
    std::optional<NotesEntry> top;
    if (!entries_.empty()) {
      top = entries_.front();
    } else {
      for (std::size_t i = 0; i < lines_.size() && !top; ++i) {
        if (const auto heading = heading_of(text_, lines_, i))
          top = NotesEntry{std::string(heading->title), i + 1, {}};
      }
    }
    if (!top || !equals_without_case(harmless_title(top->title), title)) return std::nullopt;
    const bool fits = std::ranges::all_of(top->revisions, [&](const NotedRevision& revision) {
      const auto wanted = std::ranges::find(revisions_, revision.label, &RevisionToNote::label);
      return revision.ids.empty() || wanted->id.empty();
    });
    return fits ? top : std::nullopt;
  }

  std::string completed(const NotesEntry& entry) const {
    std::map<std::size_t, std::string, std::greater<>> changes;  // by place, from the end
    std::map<std::size_t, std::size_t> replaced;                 // how many bytes
    Revisions above;                                             // that have to come in before the first line
    const NotedRevision* before = nullptr;
    for (const RevisionToNote& each : revisions_) {
      const auto there = std::ranges::find(entry.revisions, each.label, &NotedRevision::label);
      if (there == entry.revisions.end()) {
        if (before == nullptr) {
          above.push_back(each);
        } else {
          changes[lines_[line_of(*before)].end] += line_between() + form_.piece(each);
        }
        continue;
      }
      before = &*there;
      if (has(entry, each) || (each.id.empty() && (there->none || !there->ids.empty()))) continue;
      if (!there->ids.empty()) {
        changes[there->end] += ", " + value_within(*there, each);
        continue;
      }
      changes[there->begin] = in_place_of(*there, each);
      replaced[there->begin] = there->end - there->begin;
    }
    if (!above.empty()) add_above(entry, above, changes);
    std::string text(text_);
    for (const auto& [at, more] : changes) text.replace(at, replaced.contains(at) ? replaced[at] : 0, more);
    return text;
  }

  // With backquotes where something follows: without them it could be read as a part of that.
  std::string value_within(const NotedRevision& there, const RevisionToNote& revision) const {
    const std::size_t end = lines_[line_of(there)].end;
    const bool is_last = trimmed_blanks(text_.substr(there.end, end - there.end)).empty();
    return is_last || revision.id.empty() ? form_.value(revision) : "`" + revision.id + "`";
  }

  // Of `None` or nothing, between what stands there.
  std::string in_place_of(const NotedRevision& there, const RevisionToNote& revision) const {
    const std::string value = value_within(there, revision);
    if (there.none) return value;
    constexpr std::string_view kBlanks = " \t\r\n";
    const bool apart = there.end == text_.size() || kBlanks.find(text_[there.end]) != std::string_view::npos;
    return (text_[there.begin - 1] == ' ' ? "" : " ") + value + (apart ? "" : " ");
  }

  // What comes into an entry gets a line of its own.
  std::string line_between() const {
    return form_.between.find('\n') == std::string::npos ? form_.end_of_line : form_.between;
  }

  void add_above(const NotesEntry& entry, const Revisions& above,
                 std::map<std::size_t, std::string, std::greater<>>& changes) const {
    std::string more;
    for (const RevisionToNote& each : above) more += (more.empty() ? "" : line_between()) + form_.piece(each);
    if (!entry.revisions.empty()) {
      changes[lines_[line_of(entry.revisions.front())].begin] = more + line_between();
      return;
    }
    const NotesLine& heading = lines_[entry.line - 1];
    const bool prose_follows = entry.line < lines_.size() && !is_blank(entry.line);
    changes[heading.end] =
        form_.line_ends(1 + form_.blank_below_heading) + more + form_.line_ends(prose_follows ? 1 : 0);
  }

  std::string_view text_;
  Revisions revisions_;
  std::vector<NotesLine> lines_;
  std::vector<std::string> labels_;
  std::vector<NotesEntry> entries_;
  Form form_;
};

}  // namespace

std::string with_entry(std::string_view text, std::string_view title, const Revisions& revisions) {
  return NotesEditor(text, revisions).with(harmless_title(title));
}

}  // namespace devtask
