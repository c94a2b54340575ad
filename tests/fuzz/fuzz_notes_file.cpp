// Notes on migrations. An entry that was put in is found there, a second time changes nothing, and what stood
// there before does so still.
#include <algorithm>

#include "input.h"
#include "migrate/notes_file.h"
#include "require.h"

namespace devtask {
namespace {

const std::vector<std::string> kLabels{"SQLite", "Postgres"};

std::string id_of(std::string_view line) {
  std::string id;
  for (const char c : line) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_') id += c;
  }
  return id == "none" ? "" : id;
}

bool names(const std::vector<NotesEntry>& entries, const std::string& label, const std::string& id) {
  return std::ranges::any_of(entries, [&](const NotesEntry& entry) {
    return std::ranges::any_of(entry.revisions, [&](const NotedRevision& each) {
      return each.label == label && std::ranges::find(each.ids, id) != each.ids.end();
    });
  });
}

// Whether each of those lines stands there, in that order.
bool keeps(const std::vector<std::string>& all, const std::vector<std::string>& lines) {
  auto at = all.begin();
  for (const std::string& line : lines) {
    at = std::find(at, all.end(), line);
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

// Its lines but those that say something of a dialect, which may be completed.
std::vector<std::string> prose_of(std::string_view text, const std::vector<NotesEntry>& entries) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";  // it stays the first of the file
  std::vector<std::string> lines = split(text, "\n");
  if (lines.front().starts_with(kMark)) lines.front().erase(0, kMark.size());
  for (std::string& line : lines) {
    while (line.ends_with('\r')) line.pop_back();
  }
  for (const NotesEntry& entry : entries) {
    for (const NotedRevision& each : entry.revisions) {
      require(each.line > 0 && each.line <= lines.size(), "a line is one of the text");
      require(each.lead <= each.begin && each.begin <= each.end && each.end <= text.size(), "and its bytes");
      lines[each.line - 1].clear();
    }
  }
  std::erase(lines, "");
  return lines;
}

// The title, the ids and the text, a line each.
void check(std::string_view bytes) {
  std::vector<std::string> parts = split(bytes, "\n");
  parts.resize(std::max<std::size_t>(parts.size(), 4));
  const std::string title = parts[0];
  const std::vector<RevisionToNote> revisions{{kLabels[0], id_of(parts[1])}, {kLabels[1], id_of(parts[2])}};
  std::string text = parts[3];
  for (std::size_t i = 4; i < parts.size(); ++i) text += "\n" + parts[i];

  require(title_of(title_of(title)) == title_of(title), "a title stays one", title_of(title));
  const auto before = parse_notes(text, kLabels);
  const std::string once = with_entry(text, title, revisions);
  const auto after = parse_notes(once, kLabels);
  for (const RevisionToNote& each : revisions)
    require(each.id.empty() || names(after, each.label, each.id), "an id is noted", once);
  require(with_entry(once, title, revisions) == once, "a second time changes nothing", once);
  for (const NotesEntry& entry : before) {
    for (const NotedRevision& each : entry.revisions)
      for (const std::string& id : each.ids) require(names(after, each.label, id), "no id is lost", once);
  }
  require(keeps(prose_of(once, {}), prose_of(text, before)), "prose stays as it was", once);

  std::vector<RevisionsToFind> wanted;
  for (const RevisionToNote& each : revisions) wanted.push_back({each.label, {each.id}, {each.id}});
  for (const NotesProblem& each : notes_problems(once, wanted))
    require(each.line > 0 && !each.message.empty(), "a problem has a place");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
