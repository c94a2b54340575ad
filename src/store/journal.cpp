#include "store/journal.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <unordered_map>

#include "base/escape.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTJRNL01";
constexpr std::uint64_t kCompactFrom = 64 * 1024;

// Cuts the first line off.
std::string_view take_line(std::string_view& text) {
  const std::size_t length = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return line;
}

enum class Word { kUnknown, kDone, kStarted, kForgotten };

struct Record {
  Word word = Word::kUnknown;
  std::string_view id;    // escaped
  std::string_view rest;  // the lines below the first
};

Record parse_record(std::string_view payload) {
  Record record;
  std::string_view rest = payload;
  const std::string_view line = take_line(rest);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return record;
  const std::string_view word = line.substr(0, blank);
  record.word = word == "done"        ? Word::kDone
                : word == "started"   ? Word::kStarted
                : word == "forgotten" ? Word::kForgotten
                                      : Word::kUnknown;
  record.id = line.substr(blank + 1);
  record.rest = rest;
  return record;
}

std::string task_id(const Record& record) { return unescape_line(record.id).value_or(std::string()); }

std::shared_ptr<const JournalEntry> parse_done(std::string_view text) {
  constexpr std::string_view kKey = "key ";
  constexpr std::string_view kAt = "at ";
  const std::string_view key_line = take_line(text);
  const std::string_view at_line = take_line(text);
  if (!key_line.starts_with(kKey) || !at_line.starts_with(kAt)) return nullptr;
  const auto key = Digest::from_hex(key_line.substr(kKey.size()));
  const std::string_view at = at_line.substr(kAt.size());
  auto entry = std::make_shared<JournalEntry>();
  const auto [end, error] = std::from_chars(at.data(), at.data() + at.size(), entry->at_ms);
  auto result = result_from_text(text);
  if (!key || !result || error != std::errc() || end != at.data() + at.size()) return nullptr;
  entry->key = *key;
  entry->result = std::move(*result);
  return entry;
}

StartedEntry parse_started(std::string_view text) {
  constexpr std::string_view kKey = "key ";
  constexpr std::string_view kForeign = "foreign ";
  constexpr std::string_view kMade = "made ";
  constexpr std::string_view kEnded = "ended";
  StartedEntry entry;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kKey)) {
      entry.key = Digest::from_hex(line.substr(kKey.size())).value_or(Digest());
    } else if (line.starts_with(kForeign)) {
      if (auto path = unescape_line(line.substr(kForeign.size()))) entry.foreign.push_back(std::move(*path));
    } else if (line == kEnded) {
      entry.ended = true;
    } else if (line.starts_with(kMade)) {
      if (auto path = unescape_line(line.substr(kMade.size()))) entry.made.push_back(std::move(*path));
    }
  }
  return entry;
}

// The records that still say something, in their order: of each task its last success and an attempt after
// it.
std::vector<std::string_view> live_records(const std::vector<std::string_view>& payloads) {
  struct Last {
    std::size_t done = 0, started = 0;  // 1 + index, 0: none
  };
  std::unordered_map<std::string, Last> tasks;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const Record record = parse_record(payloads[i]);
    const std::string id = task_id(record);
    switch (record.word) {
      case Word::kDone:
        tasks[id] = {i + 1, 0};
        break;
      case Word::kStarted:
        tasks[id].started = i + 1;
        break;
      case Word::kForgotten:
        tasks.erase(id);
        break;
      case Word::kUnknown:
        break;
    }
  }
  std::vector<std::size_t> order;
  for (const auto& [id, last] : tasks) {
    if (last.done != 0) order.push_back(last.done - 1);
    if (last.started != 0) order.push_back(last.started - 1);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string_view> live;
  live.reserve(order.size());
  for (const std::size_t index : order) live.push_back(payloads[index]);
  return live;
}

bool worth_compacting(const RecordLog::Contents& contents) {
  if (contents.good_bytes < kCompactFrom) return false;
  std::uint64_t all = 0;
  for (const std::string_view payload : contents.payloads) all += payload.size();
  std::uint64_t live = 0;
  for (const std::string_view payload : live_records(contents.payloads)) live += payload.size();
  return all - live >= kCompactFrom && live < all / 2;
}

}  // namespace

Journal::Journal(const std::string& folder, bool read_only)
    : folder_(folder), read_only_(read_only), log_(join_path(folder, "journal"), kMagic) {
  RecordLog::Contents contents = log_.read();
  if (!read_only_ && worth_compacting(contents)) {
    // A journal that cannot be compacted (a full disk) is as good as before.
    const auto compacted =
        log_.rewrite([](const RecordLog::Contents& old) { return live_records(old.payloads); });
    if (compacted) contents = log_.read();
  }
  apply(std::move(contents));
}

void Journal::apply(RecordLog::Contents contents) {
  if (contents.from_start) tasks_.clear();
  const auto file = std::make_shared<const MappedFile>(std::move(contents.file));
  for (const std::string_view payload : contents.payloads) {
    const Record record = parse_record(payload);
    if (record.word == Word::kUnknown) continue;
    std::string id = task_id(record);
    if (record.word == Word::kForgotten) {
      tasks_.erase(id);
      continue;
    }
    State& state = tasks_[std::move(id)];
    if (record.word == Word::kDone) {
      state = {record.rest, file, nullptr, std::nullopt};
    } else {
      state.started = parse_started(record.rest);
    }
  }
}

const std::shared_ptr<const JournalEntry>& Journal::parsed(State& state) {
  if (state.file != nullptr) {
    state.done = parse_done(state.done_text);
    state.done_text = {};
    state.file.reset();
  }
  return state.done;
}

std::shared_ptr<const JournalEntry> Journal::last_success(std::string_view task_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task_id);
  return found == tasks_.end() ? nullptr : parsed(found->second);
}

std::optional<Digest> Journal::last_key(std::string_view task_id) const {
  constexpr std::string_view kKey = "key ";
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task_id);
  if (found == tasks_.end()) return std::nullopt;
  const State& state = found->second;
  if (state.file == nullptr) return state.done == nullptr ? std::nullopt : std::optional(state.done->key);
  std::string_view text = state.done_text;
  const std::string_view line = take_line(text);
  return line.starts_with(kKey) ? Digest::from_hex(line.substr(kKey.size())) : std::nullopt;
}

std::optional<StartedEntry> Journal::unfinished(std::string_view task_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task_id);
  return found == tasks_.end() ? std::nullopt : found->second.started;
}

std::vector<std::string> Journal::task_ids() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (auto& [id, state] : tasks_) {
    if (parsed(state) != nullptr) ids.push_back(id);
  }
  return ids;
}

Result<void> Journal::append(const std::string& record) {
  if (read_only_) return failure("`{}` is open for reading only", log_.path());
  auto written = log_.append({record});
  if (!written) {
    // The folder is missing, mostly; by now somebody else may have made it.
    if (auto made = make_folders(folder_, 0700); !made) return made;
    written = log_.append({record});
  }
  return written;
}

Result<void> Journal::start(const std::string& task_id, const StartedEntry& attempt) {
  StartedEntry entry = attempt;
  std::sort(entry.foreign.begin(), entry.foreign.end());
  std::sort(entry.made.begin(), entry.made.end());
  std::string record = "started " + escape_line(task_id) + "\nkey " + entry.key.hex() + '\n';
  for (const std::string& path : entry.foreign) record += "foreign " + escape_line(path) + '\n';
  if (entry.ended) record += "ended\n";
  for (const std::string& path : entry.made) record += "made " + escape_line(path) + '\n';
  const std::lock_guard lock(mutex_);
  if (auto written = append(record); !written) return written;
  tasks_[task_id].started = std::move(entry);
  return {};
}

Result<void> Journal::commit(const std::string& task_id, const Digest& key, const ActionResult& result) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  std::string record = "done " + escape_line(task_id) + "\nkey ";
  key.append_hex(record);
  record += "\nat " + std::to_string(at_ms) + '\n';
  record += to_text(result);
  auto entry = std::make_shared<JournalEntry>(JournalEntry{key, at_ms, result});
  const std::lock_guard lock(mutex_);
  if (auto written = append(record); !written) return written;
  tasks_[task_id] = {{}, nullptr, std::move(entry), std::nullopt};
  return {};
}

Result<void> Journal::forget(const std::string& task_id) {
  const std::lock_guard lock(mutex_);
  if (auto written = append("forgotten " + escape_line(task_id) + '\n'); !written) return written;
  const auto found = tasks_.find(task_id);
  if (found != tasks_.end()) tasks_.erase(found);
  return {};
}

void Journal::refresh() {
  const std::lock_guard lock(mutex_);
  apply(log_.read_new());
}

}  // namespace devtask
