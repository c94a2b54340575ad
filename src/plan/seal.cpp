#include "plan/seal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <span>

#include "os/parallel.h"
#include "os/process.h"

namespace devtask {

constexpr std::int64_t kYoungNs = 2'000'000'000;

bool is_young(const FileStat& stat, std::int64_t looked_ns) {
  return std::max(stat.mtime_ns, stat.ctime_ns) > looked_ns - kYoungNs;
}

namespace {

constexpr std::string_view kMagic = "DTSEAL03";
constexpr std::size_t kMostSeals = 8;
constexpr std::size_t kPerBlock = 128;

struct Look {
  std::uint64_t size, inode, device;
  std::int64_t mtime_ns, ctime_ns;
  std::uint32_t mode, kind;
};
static_assert(sizeof(Look) == 48);

enum Flags : std::uint32_t {
  kFollow = 1,
  kKindOnly = 2,
  kHasDigest = 4,
  kYoung = 8,
  kHasKey = 16,
  kHasSeen = 32,
  kHasTests = 64
};

// A piece of the bytes at the end of the file, a NUL behind it and none in it.
struct Text {
  std::uint32_t offset, length;
};

struct ObservationEntry {
  Look look;
  Text path;
  std::uint32_t flags, reserved;
  std::uint8_t digest[32];
};
static_assert(sizeof(ObservationEntry) == 96);

// A piece of the numbers, which are positions of observations.
struct Numbers {
  std::uint32_t first, count;
};

struct TaskEntry {
  Text id, label;  // the label is of the tests
  Numbers inputs, outputs;
  std::uint32_t flags, reserved;
  std::uint8_t key[32], seen[32];
  std::uint64_t passed, failed, skipped, expected_failures, units;
  std::int64_t saved_ms;
};
static_assert(sizeof(TaskEntry) == 152);

struct Head {
  char magic[8];
  std::uint64_t checksum;
  std::uint8_t question[32];
  std::uint64_t up_to_date;
  std::int64_t saved_ms;
  std::uint64_t nothing_to_do;
  Look journal;
  std::uint32_t observations, tasks, numbers, text;
};
static_assert(sizeof(Head) == 136);
constexpr std::size_t kUnchecked = offsetof(Head, question);

Look look_of(const FileStat& stat) {
  return {stat.size,
          stat.inode,
          stat.device,
          stat.mtime_ns,
          stat.ctime_ns,
          stat.mode,
          static_cast<std::uint32_t>(stat.kind)};
}

FileStat stat_of(const Look& look) {
  return {static_cast<FileKind>(look.kind),
          look.mode,
          look.size,
          look.mtime_ns,
          look.ctime_ns,
          look.inode,
          look.device};
}

bool operator==(const Look& a, const Look& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

Digest digest_of(const std::uint8_t (&bytes)[32]) {
  Digest digest;
  std::memcpy(digest.bytes.data(), bytes, sizeof bytes);
  return digest;
}

// The arrays of a file whose checksum is right and whose sizes and positions were checked.
struct View {
  Head head;
  std::span<const ObservationEntry> observations;
  std::span<const TaskEntry> tasks;
  std::span<const std::uint32_t> numbers;
  std::string_view text;

  std::string_view string(const Text& piece) const { return text.substr(piece.offset, piece.length); }
  std::span<const std::uint32_t> list(const Numbers& piece) const {
    return numbers.subspan(piece.first, piece.count);
  }
};

// The next piece of an array, of which `taken` belong to those before it. Pieces lie one behind the other, so
// that no file says more than it is long.
bool is_next(std::uint64_t& taken, std::uint64_t start, std::uint64_t length, std::uint64_t size) {
  if (start != taken || length > size - taken) return false;
  taken += length;
  return true;
}

std::optional<View> view_of(std::string_view bytes) {
  View view;
  if (bytes.size() < sizeof(Head)) return std::nullopt;
  std::memcpy(static_cast<void*>(&view.head), bytes.data(), sizeof(Head));
  const Head& head = view.head;
  if (std::string_view(head.magic, sizeof head.magic) != kMagic) return std::nullopt;
  const std::uint64_t expected = sizeof(Head) + std::uint64_t{head.observations} * sizeof(ObservationEntry) +
                                 std::uint64_t{head.tasks} * sizeof(TaskEntry) +
                                 std::uint64_t{head.numbers} * sizeof(std::uint32_t) + head.text;
  if (bytes.size() != expected) return std::nullopt;
  if (XXH3_64bits(bytes.data() + kUnchecked, bytes.size() - kUnchecked) != head.checksum) return std::nullopt;
  // Each array begins at a multiple of its alignment: the file is mapped at a page, the sizes are multiples
  // of 8.
  const char* at = bytes.data() + sizeof(Head);
  view.observations = {reinterpret_cast<const ObservationEntry*>(at), head.observations};
  at += view.observations.size_bytes();
  view.tasks = {reinterpret_cast<const TaskEntry*>(at), head.tasks};
  at += view.tasks.size_bytes();
  view.numbers = {reinterpret_cast<const std::uint32_t*>(at), head.numbers};
  at += view.numbers.size_bytes();
  view.text = {at, head.text};
  std::uint64_t text_taken = 0, numbers_taken = 0;
  const auto is_next_text = [&](const Text& piece) {
    return is_next(text_taken, piece.offset, std::uint64_t{piece.length} + 1, head.text) &&
           view.text.find('\0', piece.offset) == piece.offset + piece.length;
  };
  const auto are_next_numbers = [&](const Numbers& piece) {
    return is_next(numbers_taken, piece.first, piece.count, head.numbers);
  };
  for (const ObservationEntry& each : view.observations) {
    const bool good =
        is_next_text(each.path) && each.look.kind <= static_cast<std::uint32_t>(FileKind::kOther);
    if (!good) return std::nullopt;
  }
  for (const TaskEntry& each : view.tasks) {
    const bool good = is_next_text(each.id) && is_next_text(each.label) && are_next_numbers(each.inputs) &&
                      are_next_numbers(each.outputs);
    if (!good) return std::nullopt;
  }
  if (text_taken != head.text || numbers_taken != head.numbers) return std::nullopt;
  const auto in_range = [&](std::uint32_t number) { return number < head.observations; };
  if (!std::all_of(view.numbers.begin(), view.numbers.end(), in_range)) return std::nullopt;
  return view;
}

enum class State : char { kSame, kSameContent, kChanged };

// Whether the thing is what it was; `now` is how it looks.
State compare_one(const ObservationEntry& entry, const char* path, const Fd& root,
                  const std::string& root_path, FileStat& now) {
  now = (entry.flags & kFollow) != 0 ? stat_followed(path, root.get()) : stat_file(path, root.get());
  const auto kind = static_cast<std::uint32_t>(now.kind);
  if ((entry.flags & kKindOnly) != 0) return kind == entry.look.kind ? State::kSame : State::kChanged;
  if ((entry.flags & kYoung) == 0 && look_of(now) == entry.look) return State::kSame;
  const bool comparable = (entry.flags & kHasDigest) != 0 && now.kind == FileKind::kRegular &&
                          kind == entry.look.kind && (now.mode & 0100) == (entry.look.mode & 0100);
  if (!comparable) return State::kChanged;
  const auto digest = hash_file(join_path(root_path, path));
  return digest && *digest == digest_of(entry.digest) ? State::kSameContent : State::kChanged;
}

ObservationEntry entry_of(const Observation& seen, std::int64_t looked_ns) {
  ObservationEntry entry{look_of(seen.stat), {}, 0, 0, {}};
  entry.flags = (seen.follow ? kFollow : 0U) | (seen.kind_only ? kKindOnly : 0U) |
                (is_young(seen.stat, looked_ns) ? kYoung : 0U);
  if (seen.digest) {
    entry.flags |= kHasDigest;
    std::copy(seen.digest->bytes.begin(), seen.digest->bytes.end(), entry.digest);
  }
  return entry;
}

}  // namespace

bool still_holds(const Observation& seen, const Fd& root, const std::string& root_path,
                 std::int64_t looked_ns) {
  FileStat now;
  const ObservationEntry entry = entry_of(seen, looked_ns);
  const State state = compare_one(entry, seen.path.c_str(), root, root_path, now);
  return state == State::kSame || (state == State::kSameContent && look_of(now) == entry.look);
}

std::string SealPlace::path() const { return join_path(folder, question.hex().substr(0, 16)); }

std::optional<Seal> Seal::compare(const SealPlace& place) {
  Seal seal;
  const std::int64_t looked_ns = now_ns();
  auto file = MappedFile::open(place.path());
  if (!file) return std::nullopt;
  seal.file_ = std::move(*file);
  const auto view = view_of(seal.file_.bytes());
  if (!view || digest_of(view->head.question) != place.question) return std::nullopt;

  const std::size_t count = view->observations.size();
  std::vector<char> common(count, 1);
  for (const std::uint32_t number : view->numbers) common[number] = 0;
  std::vector<State> states(count, State::kSame);
  std::vector<std::pair<std::uint32_t, FileStat>> looks;
  std::mutex mutex;
  const Fd root = open_folder(place.root);
  std::atomic<bool> common_holds{static_cast<bool>(root)};
  parallel_for(count, kPerBlock, [&](std::size_t i) {
    if (!common_holds.load(std::memory_order_relaxed)) return;
    const ObservationEntry& entry = view->observations[i];
    FileStat now;
    states[i] = compare_one(entry, view->text.data() + entry.path.offset, root, place.root, now);
    if (states[i] == State::kSame) return;
    if (common[i] != 0 && states[i] == State::kChanged) common_holds = false;
    if (states[i] == State::kChanged) return;
    const std::scoped_lock lock(mutex);
    looks.emplace_back(static_cast<std::uint32_t>(i), now);
  });
  if (!common_holds) return std::nullopt;

  const auto hold = [&](const Numbers& piece) {
    const auto list = view->list(piece);
    return std::none_of(list.begin(), list.end(),
                        [&](std::uint32_t i) { return states[i] == State::kChanged; });
  };
  seal.tasks_.reserve(view->tasks.size());
  bool all = true;
  for (const TaskEntry& each : view->tasks) {
    Task task{view->string(each.id), std::nullopt, std::nullopt, hold(each.inputs), hold(each.outputs), {}};
    if ((each.flags & kHasKey) != 0) task.key = digest_of(each.key);
    if ((each.flags & kHasSeen) != 0) task.seen = digest_of(each.seen);
    if ((each.flags & kHasTests) != 0) {
      task.tests = SealedTests{std::string(view->string(each.label)),
                               {each.passed, each.failed, each.skipped, each.expected_failures},
                               each.units,
                               each.saved_ms};
    }
    all = all && task.inputs_hold && task.outputs_hold;
    seal.tasks_.push_back(task);
  }
  std::sort(looks.begin(), looks.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [number, stat] : looks) {
    const ObservationEntry& entry = view->observations[number];
    seal.read_again_.push_back({std::string(view->string(entry.path)), (entry.flags & kFollow) != 0, false,
                                stat, digest_of(entry.digest)});
  }
  const FileStat journal = stat_followed(place.journal);
  seal.journal_ = journal;
  seal.outcome_ = {view->head.up_to_date, view->head.saved_ms, view->head.nothing_to_do != 0};
  seal.holds_ = all && look_of(journal) == view->head.journal;
  seal.worn_ = std::any_of(looks.begin(), looks.end(),
                           [&](const auto& look) { return !is_young(look.second, looked_ns); });
  seal.changed_looks_ = std::move(looks);
  return seal;
}

const Seal::Task* Seal::task(std::size_t index, std::string_view id) const {
  return index < tasks_.size() && tasks_[index].id == id ? &tasks_[index] : nullptr;
}

SealContents Seal::contents() const {
  const auto view = view_of(file_.bytes());
  SealContents contents;
  if (!view) return contents;  // the file was changed in place, which nobody does
  contents.outcome = outcome_;
  contents.journal = journal_;
  contents.observations.reserve(view->observations.size());
  auto changed = changed_looks_.begin();
  for (std::uint32_t i = 0; i < view->observations.size(); ++i) {
    const ObservationEntry& entry = view->observations[i];
    Observation seen{std::string(view->string(entry.path)), (entry.flags & kFollow) != 0,
                     (entry.flags & kKindOnly) != 0, stat_of(entry.look), std::nullopt};
    if ((entry.flags & kHasDigest) != 0) seen.digest = digest_of(entry.digest);
    if (changed != changed_looks_.end() && changed->first == i) seen.stat = (changed++)->second;
    contents.observations.push_back(std::move(seen));
  }
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto inputs = view->list(view->tasks[i].inputs), outputs = view->list(view->tasks[i].outputs);
    contents.tasks.push_back({std::string(tasks_[i].id),
                              tasks_[i].key,
                              tasks_[i].seen,
                              {inputs.begin(), inputs.end()},
                              {outputs.begin(), outputs.end()},
                              tasks_[i].tests});
  }
  return contents;
}

Result<void> write_seal(const SealPlace& place, const SealContents& contents, std::int64_t looked_ns) {
  const auto too_young = [&] {
    return std::ranges::any_of(contents.observations, [&](const Observation& seen) {
      return !seen.kind_only && is_young(seen.stat, looked_ns);
    });
  };
  if (too_young()) return {};
  if (auto made = make_folders(place.folder, 0700); !made) return made;
  const auto lag = clock_lag(place.folder);
  if (!lag) return {};
  looked_ns -= *lag;
  if (too_young()) return {};
  std::vector<ObservationEntry> observations;
  std::vector<TaskEntry> tasks;
  std::vector<std::uint32_t> numbers;
  std::string text;
  const auto add_text = [&](std::string_view bytes) {
    const Text piece{static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(bytes.size())};
    text += bytes;
    text += '\0';
    return piece;
  };
  const auto add_numbers = [&](const std::vector<std::uint32_t>& list) {
    const Numbers piece{static_cast<std::uint32_t>(numbers.size()), static_cast<std::uint32_t>(list.size())};
    numbers.insert(numbers.end(), list.begin(), list.end());
    return piece;
  };
  for (const Observation& seen : contents.observations) {
    observations.push_back(entry_of(seen, looked_ns));
    observations.back().path = add_text(seen.path);
  }
  for (const SealedTask& task : contents.tasks) {
    TaskEntry entry{};
    entry.id = add_text(task.id);
    entry.label = add_text(task.tests ? task.tests->label : "");
    entry.inputs = add_numbers(task.inputs);
    entry.outputs = add_numbers(task.outputs);
    entry.flags = (task.key ? kHasKey : 0U) | (task.seen ? kHasSeen : 0U) | (task.tests ? kHasTests : 0U);
    if (task.tests) {
      const TestCounts& tests = task.tests->tests;
      entry.passed = tests.passed;
      entry.failed = tests.failed;
      entry.skipped = tests.skipped;
      entry.expected_failures = tests.expected_failures;
      entry.units = task.tests->units;
      entry.saved_ms = task.tests->saved_ms;
    }
    if (task.key) std::copy(task.key->bytes.begin(), task.key->bytes.end(), entry.key);
    if (task.seen) std::copy(task.seen->bytes.begin(), task.seen->bytes.end(), entry.seen);
    tasks.push_back(entry);
  }
  constexpr std::uint64_t kMost = 0xffff'ffff;
  if (text.size() > kMost || numbers.size() > kMost || observations.size() > kMost) return {};

  Head head{};
  std::memcpy(head.magic, kMagic.data(), sizeof head.magic);
  std::memcpy(head.question, place.question.bytes.data(), sizeof head.question);
  head.up_to_date = contents.outcome.tasks;
  head.saved_ms = contents.outcome.saved_ms;
  head.nothing_to_do = contents.outcome.nothing_to_do ? 1 : 0;
  head.journal = look_of(contents.journal);
  // A journal of this moment may be appended to without a change of its time; its size tells.
  head.observations = static_cast<std::uint32_t>(observations.size());
  head.tasks = static_cast<std::uint32_t>(tasks.size());
  head.numbers = static_cast<std::uint32_t>(numbers.size());
  head.text = static_cast<std::uint32_t>(text.size());
  std::string bytes(sizeof head, '\0');
  bytes.reserve(sizeof head + observations.size() * sizeof(ObservationEntry) +
                tasks.size() * sizeof(TaskEntry) + numbers.size() * sizeof(std::uint32_t) + text.size());
  const auto add_array = [&](const auto& array) {
    bytes.append(reinterpret_cast<const char*>(array.data()), array.size() * sizeof array[0]);
  };
  add_array(observations);
  add_array(tasks);
  add_array(numbers);
  bytes += text;
  std::memcpy(bytes.data(), &head, sizeof head);
  head.checksum = XXH3_64bits(bytes.data() + kUnchecked, bytes.size() - kUnchecked);
  std::memcpy(bytes.data(), &head, sizeof head);
  if (const auto others = list_folder(place.folder); others && others->size() >= kMostSeals) {
    for (const FolderEntry& other : *others) (void)remove_file(join_path(place.folder, other.name));
  }
  return write_file(place.path(), bytes, 0600);
}

}  // namespace devtask
