#include "store/unit_log.h"

#include <charconv>

#include "base/escape.h"
#include "os/file.h"
#include "store/record_log.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTUNIT01";
// So many lines for one unit before the file is written anew.
constexpr std::size_t kMostLinesPerUnit = 3;
constexpr std::size_t kFewLines = 256;

std::string_view take_word(std::string_view& line) {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

template <class Number>
bool take_number(std::string_view& line, Number& number) {
  const std::string_view word = take_word(line);
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
  return problem == std::errc() && end == word.data() + word.size();
}

bool take_digest(std::string_view& line, Digest& digest) {
  const auto read = Digest::from_hex(take_word(line));
  if (read) digest = *read;
  return read.has_value();
}

std::optional<UnitRecord> read_line(std::string_view line, const Digest& common) {
  UnitRecord record;
  record.common = common;
  const std::string_view what = take_word(line);
  if (what != "pass" && what != "fail") return std::nullopt;
  record.passed = what == "pass";
  if (!take_digest(line, record.own) || !take_digest(line, record.beside)) return std::nullopt;
  if (std::string_view report = take_word(line); report != "-") {
    Digest digest;
    if (!take_digest(report, digest)) return std::nullopt;
    record.report = digest;
  }
  std::int64_t ms = 0;
  TestCounts& tests = record.tests;
  if (!take_number(line, ms) || ms < 0 || !take_number(line, tests.passed) ||
      !take_number(line, tests.failed) || !take_number(line, tests.skipped) ||
      !take_number(line, tests.expected_failures)) {
    return std::nullopt;
  }
  record.duration = std::chrono::milliseconds(ms);
  auto name = unescape_line(line);
  if (!name || name->empty()) return std::nullopt;
  record.name = std::move(*name);
  return record;
}

template <class Take>
std::size_t read_payload(std::string_view payload, const Take& take) {
  Digest common;
  bool known = false;
  std::size_t lines = 0;
  while (!payload.empty()) {
    const std::size_t end = payload.find('\n');
    std::string_view line = payload.substr(0, end);
    payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
    if (line.starts_with("common ")) {
      take_word(line);
      known = take_digest(line, common);
    } else if (known) {
      ++lines;
      if (auto record = read_line(line, common)) take(std::move(*record));
    }
  }
  return lines;
}

}  // namespace

const UnitRecord* UnitRecords::find(std::string_view name) const {
  if (places_.empty()) {
    for (std::size_t i = 0; i < records_.size(); ++i) places_[records_[i].name] = i;
  }
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &records_[found->second];
}

const UnitRecord* UnitRecords::find(std::string_view name, std::size_t& next) const {
  if (in_order_ && next < records_.size() && records_[next].name == name) return &records_[next++];
  return find(name);
}

void UnitRecords::add(UnitRecord record) { records_.push_back(std::move(record)); }

std::string to_text(const std::vector<UnitRecord>& records) {
  std::string text;
  const Digest* common = nullptr;
  for (const UnitRecord& record : records) {
    if (common == nullptr || *common != record.common) text += "common " + record.common.hex() + "\n";
    common = &record.common;
    text += record.passed ? "pass " : "fail ";
    record.own.append_hex(text);
    text += ' ';
    record.beside.append_hex(text);
    text += ' ' + (record.report ? record.report->hex() : "-") + ' ';
    const TestCounts& tests = record.tests;
    const auto ms = static_cast<std::uint64_t>(record.duration.count());
    for (const std::uint64_t number :
         {ms, std::uint64_t{tests.passed}, std::uint64_t{tests.failed}, std::uint64_t{tests.skipped},
          std::uint64_t{tests.expected_failures}}) {
      text += std::to_string(number) + ' ';
    }
    text += escape_line(record.name) + '\n';
  }
  return text;
}

UnitRecords UnitLogs::read(std::string_view id) const {
  UnitRecords all;
  RecordLog log(path(id), kMagic);
  const RecordLog::Contents contents = log.read();
  for (const std::string_view payload : contents.payloads)
    read_payload(payload, [&](UnitRecord record) { all.add(std::move(record)); });
  all.in_order_ = contents.payloads.size() <= 1;
  return all;
}

Result<void> UnitLogs::append(std::string_view id, const std::vector<UnitRecord>& records) const {
  if (records.empty()) return {};
  if (auto made = make_folders(folder_); !made) return made;
  RecordLog log(path(id), kMagic);
  const std::string text = to_text(records);
  return log.append({text});
}

Result<void> UnitLogs::tidy(std::string_view id) const {
  RecordLog log(path(id), kMagic);
  std::size_t lines = 0;
  std::unordered_map<std::string, std::size_t> last;
  const RecordLog::Contents contents = log.read();
  for (const std::string_view payload : contents.payloads)
    read_payload(payload, [&](const UnitRecord& record) { last[record.name] = ++lines; });
  if (lines < kFewLines || lines < kMostLinesPerUnit * last.size()) return {};
  std::string kept;
  return log.rewrite([&](const RecordLog::Contents& now) {
    std::vector<UnitRecord> all;
    std::unordered_map<std::string, std::size_t> places;
    for (const std::string_view payload : now.payloads) {
      read_payload(payload, [&](UnitRecord record) {
        const auto [place, added] = places.try_emplace(record.name, all.size());
        if (added) {
          all.push_back(std::move(record));
        } else {
          all[place->second] = std::move(record);
        }
      });
    }
    kept = to_text(all);
    return std::vector<std::string_view>{kept};
  });
}

Result<bool> UnitLogs::forget(std::string_view id) const {
  const std::string others = std::string(id) + kOtherArguments;
  bool found = false;
  for (const FolderEntry& entry : list_folder(folder_).value_or(std::vector<FolderEntry>())) {
    if (entry.name != id && !entry.name.starts_with(others)) continue;
    if (auto removed = remove_file(path(entry.name)); !removed) return tl::unexpected(removed.error());
    found = true;
  }
  return found;
}

}  // namespace devtask
