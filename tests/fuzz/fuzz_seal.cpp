// Seals: a file that others may have written, and one that was written and damaged. First a byte: whether the
// rest is the file, or places (two bytes) in a good one and what is written over them (a byte), and whether
// its magic, question and checksum are then set right.
#include <xxhash.h>

#include <cstring>
#include <limits>

#include "input.h"
#include "plan/seal.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTSEAL02";
constexpr std::size_t kChecksumAt = 8, kQuestionAt = 16, kHeadBytes = 136;
constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();

SealPlace place_in(const ScratchFolder& folder, std::string_view question) {
  return {folder / "seals", folder.path(), folder / "journal", sha256(question)};
}

std::string mended(std::string file, const Digest& question) {
  file.resize(std::max(file.size(), kHeadBytes));
  kMagic.copy(file.data(), kMagic.size());
  std::memcpy(file.data() + kQuestionAt, question.bytes.data(), question.bytes.size());
  const std::uint64_t checksum = XXH3_64bits(file.data() + kQuestionAt, file.size() - kQuestionAt);
  std::memcpy(file.data() + kChecksumAt, &checksum, sizeof checksum);
  return file;
}

bool same(const Observation& a, const Observation& b) {
  return a.path == b.path && a.follow == b.follow && a.kind_only == b.kind_only && a.stat == b.stat &&
         a.digest == b.digest;
}

bool same(const SealedTask& a, const SealedTask& b) {
  return a.id == b.id && a.key == b.key && a.seen == b.seen && a.inputs == b.inputs && a.outputs == b.outputs;
}

template <class T>
bool all_same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& one, const T& other) { return same(one, other); });
}

bool same(const SealContents& a, const SealContents& b) {
  return a.outcome.tasks == b.outcome.tasks && a.outcome.saved_ms == b.outcome.saved_ms &&
         a.outcome.nothing_to_do == b.outcome.nothing_to_do && a.journal == b.journal &&
         all_same(a.observations, b.observations) && all_same(a.tasks, b.tasks);
}

// `file_bytes`: of the file it was read from.
void check_contents(const ScratchFolder& folder, const Seal& seal, std::size_t file_bytes) {
  const SealContents contents = seal.contents();
  std::size_t bytes = 0;
  for (const Observation& seen : contents.observations) bytes += seen.path.size();
  for (std::size_t i = 0; i < contents.tasks.size(); ++i) {
    const SealedTask& task = contents.tasks[i];
    require(seal.task(i, task.id) != nullptr, "a task is found by its id", task.id);
    bytes += task.id.size() + (task.inputs.size() + task.outputs.size()) * sizeof(std::uint32_t);
    for (const auto* list : {&task.inputs, &task.outputs}) {
      for (const std::uint32_t number : *list)
        require(number < contents.observations.size(), "a task looked at something");
    }
  }
  require(bytes <= file_bytes, "a seal says no more than it is long");
  require(seal.task(contents.tasks.size(), "") == nullptr, "there are no more tasks");
  require(seal.read_again().size() <= contents.observations.size(), "nothing else was read");

  const SealPlace copy = place_in(folder, "copy");
  (void)remove_file(copy.path());
  require(write_seal(copy, contents, kEver).has_value(), "what was read can be written");
  if (stat_file(copy.path()).kind == FileKind::kAbsent) return;  // something is as young as can be
  const auto again = Seal::compare(copy);
  require(again && same(again->contents(), contents), "what was read is written as it was");
}

SealContents good_contents(const ScratchFolder& folder) {
  folder.write("a", "a");
  folder.write("b/c", "c");
  folder.write("journal", "journal");
  folder.write("seals/other", "");  // that the folder comes into being changes the root
  SealContents contents;
  contents.outcome = {5, 17, true};
  contents.journal = stat_file(folder / "journal");
  for (const std::string path : {"a", "b", "b/c", "nowhere", ".", "/"}) {
    contents.observations.push_back(
        {path, path.size() % 2 == 0, path == "b" || path == "." || path == "/", {}, {}});
    Observation& seen = contents.observations.back();
    seen.stat = seen.follow ? stat_followed(join_path(folder.path(), path))
                            : stat_file(join_path(folder.path(), path));
  }
  contents.observations[0].digest = sha256("a");
  contents.tasks = {{"one", sha256("key"), sha256("seen"), {0, 1}, {2}, {}},
                    {"two", std::nullopt, sha256("seen"), {}, {0, 3}, {}}};
  return contents;
}

void check(Input input) {
  static const ScratchFolder folder;
  const SealPlace place = place_in(folder, "question");
  const auto put = [&](std::string_view bytes) {
    folder.write("seals/" + std::string(file_name(place.path())), bytes);
  };
  enum Mode : std::uint8_t { kRaw, kMended, kDamaged, kDamagedAndMended };
  const std::uint8_t mode = input.byte() % 4;
  if (mode == kRaw || mode == kMended) {
    const std::string file(input.rest());
    put(mode == kRaw ? file : mended(file, place.question));
    if (const auto seal = Seal::compare(place)) check_contents(folder, *seal, file.size());
    return;
  }
  require(write_seal(place, good_contents(folder), kEver).has_value(), "a seal can be written");
  {
    const auto seal = Seal::compare(place);
    require(seal && seal->holds(), "what was sealed holds");
    check_contents(folder, *seal, stat_file(place.path()).size);
  }
  const std::string good = read_file(place.path()).value();
  std::string damaged = good;
  while (!input.empty()) {
    const std::size_t at = input.number() % damaged.size();
    damaged[at] = static_cast<char>(input.byte());
  }
  if (mode == kDamagedAndMended) damaged = mended(damaged, place.question);
  put(damaged);
  const auto seal = Seal::compare(place);
  require(mode == kDamagedAndMended || !seal || damaged == good, "a damaged seal does not hold");
  if (seal) check_contents(folder, *seal, damaged.size());
  put(good);
  folder.write("a", "other");
  const auto changed = Seal::compare(place);
  require(changed && !changed->holds() && !changed->task(0, "one")->inputs_hold,
          "a file that changed breaks the seal");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
