// The journal: records as text, cut by lines `====`. What it says of a task is the same after writing,
// reading anew and compacting.
#include <algorithm>

#include "input.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/journal.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTJRNL01";

// As text, to compare.
std::string said_of(const Journal& journal, const std::string& id) {
  std::string said;
  if (const auto done = journal.last_success(id)) {
    said += "done " + done->key.hex() + " " + std::to_string(done->at_ms) + "\n" + to_text(done->result);
  }
  if (const auto started = journal.unfinished(id)) {
    said += "started " + started->key.hex() + (started->ended ? " ended\n" : "\n");
    for (const std::string& path : started->foreign) said += "foreign " + path + "\n";
    for (const std::string& path : started->made) said += "made " + path + "\n";
  }
  return said;
}

// Ids that stand in the records, some of them more than once.
std::vector<std::string> ids_of(const std::vector<std::string>& records) {
  std::vector<std::string> ids;
  for (const std::string& record : records) {
    const std::string line = record.substr(0, record.find('\n'));
    if (const std::size_t blank = line.find(' '); blank != std::string::npos)
      ids.push_back(line.substr(blank + 1));
  }
  return ids;
}

void check_results(const Journal& journal) {
  const std::vector<std::string> ids = journal.task_ids();
  require(std::is_sorted(ids.begin(), ids.end()), "ids are sorted");
  for (const std::string& id : ids) {
    const auto done = journal.last_success(id);
    require(done != nullptr, "a task with a success has one", id);
    for (const OutputEntry& entry : done->result.outputs) {
      require(is_safe_relative_path(entry.path), "outputs lie in the project", entry.path);
    }
  }
}

void check(std::string_view text) {
  static const ScratchFolder folder;
  folder.clear();
  const std::vector<std::string> records = split(text, "====\n");
  RecordLog log(folder / "journal", kMagic);
  require(log.append({records.begin(), records.end()}).has_value(), "records can be written");

  Journal journal(folder.path(), false);
  check_results(journal);
  std::vector<std::string> ids = ids_of(records);
  ids.emplace_back("build");
  std::vector<std::string> before;
  for (const std::string& id : ids) before.push_back(said_of(journal, id));

  // One record again: the last word on its task, and nothing else changes.
  const std::string& id = ids.front();
  const Digest key = sha256(text);
  ActionResult result;
  if (const auto done = journal.last_success(id)) result = done->result;
  StartedEntry attempt{key, {id, "a"}, text.size() % 2 == 0, {"b\n" + id}};
  if (const auto started = journal.unfinished(id)) attempt = *started;
  std::sort(attempt.foreign.begin(), attempt.foreign.end());
  std::sort(attempt.made.begin(), attempt.made.end());
  require(journal.commit(id, key, result).has_value(), "a success can be written");
  require(!journal.unfinished(id), "a success ends an attempt");
  require(journal.start(id, attempt).has_value(), "an attempt can be written");
  {
    const Journal anew(folder.path(), true);
    const auto done = anew.last_success(id);
    require(done && done->key == key && done->result == result, "a success is read as it was written");
    require(said_of(anew, id) == said_of(journal, id), "both say the same");
    for (std::size_t i = 0; i < ids.size(); ++i) {
      require(ids[i] == id || said_of(anew, ids[i]) == before[i], "other tasks are as before", ids[i]);
    }
  }
  require(journal.forget(id).has_value(), "a task can be forgotten");
  const Journal anew(folder.path(), true);
  require(said_of(anew, id).empty() && said_of(journal, id).empty(), "what is forgotten is gone", id);

  // Enough of what is stale, and it is compacted.
  const std::string stale = "done stale\n" + std::string(80'000, 'x');
  require(log.append({stale, stale, "forgotten stale\n"}).has_value(), "records can be written");
  const std::size_t size = stat_file(folder / "journal").size;
  const Journal compacted(folder.path(), false);
  require(stat_file(folder / "journal").size < size, "it became smaller");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    require(ids[i] == id || ids[i] == "stale" || said_of(compacted, ids[i]) == said_of(anew, ids[i]),
            "compacting changes nothing", ids[i]);
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
