// The index of results, a database that others write too: damaged in places (two bytes: where, a byte: what),
// or anything at all. First a byte: 0 for a file that is the rest of the input, else how many places are
// damaged; behind them stands the text of a result. Whatever the file says, it is read, mended or begun anew,
// and then it works.
#include "action/action_result.h"
#include "input.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/result_index.h"

namespace devtask {
namespace {

constexpr std::string_view kResult = "devtask-result 1\nexit 0\nduration-ms 5\n";

const KeptContent& small_blob() {
  static const KeptContent kept = keep("small");
  return kept;
}
const KeptContent& frame_blob() {
  constexpr std::size_t kEnough = 8192;
  static const KeptContent kept = keep(std::string(kEnough, 'x'));
  return kept;
}
Digest digest_of(const KeptContent& kept) {
  return kept.compressed() ? sha256(std::string(kept.size, 'x')) : sha256(kept.bytes);
}

Result<void> put(ResultIndex& index, const Digest& key, std::string_view text) {
  return index.change([&](ResultIndex::Writer& writer) -> Result<void> {
    writer.put(key, text, 1);
    for (const KeptContent* kept : {&small_blob(), &frame_blob()}) {
      // What is there may be damaged.
      writer.remove_blob(digest_of(*kept));
      writer.put_blob(digest_of(*kept), *kept, 1);
    }
    writer.set_number("stored-bytes", 17);
    return {};
  });
}

// All of them are asked for.
const std::vector<Digest>& wanted_blobs() {
  static const std::vector<Digest> digests{digest_of(small_blob()), sha256("in a file"),
                                           digest_of(frame_blob())};
  return digests;
}
Result<std::optional<ResultIndex::Found>> find(ResultIndex& index, const Digest& key) {
  return index.find(key, [](const std::string&) { return wanted_blobs(); });
}

// A good database with a few rows.
const std::string& good_file() {
  static const std::string bytes = [] {
    const ScratchFolder folder;
    ResultIndex index(folder.path(), false);
    for (const std::string_view name : {"one", "two", "three"}) {
      require(put(index, sha256(name), kResult).has_value(), "a result can be stored");
    }
    return read_file(folder / "index-1.db").value();
  }();
  return bytes;
}

// Whole: there is no damage in the way of what `put` stored.
void check_blobs(ResultIndex& index, bool whole) {
  for (const KeptContent* kept : {&small_blob(), &frame_blob()}) {
    const Digest digest = digest_of(*kept);
    const auto has = index.has_blob(digest);
    const auto found = index.blob(digest);
    require(!whole || (has && *has && found && *found), "a stored blob is found");
    if (!found || !*found) continue;
    const auto content = content_of(**found, digest);
    require(content || !whole, "a stored blob is read");
    require(!content || sha256(*content) == digest, "a blob that was damaged is not handed out");
  }
}

void check_lists(ResultIndex& index) {
  (void)index.each([](const ResultIndex::Row& row) { (void)result_from_text(row.text); });
  (void)index.each_blob([](const ResultIndex::BlobRow& row) { (void)row.digest.hex(); });
  (void)index.number("stored-bytes");
}

// What garbage collection does. False if the file cannot be written.
bool check_collection(ResultIndex& index) {
  const auto change = [&] {
    return index.change([](ResultIndex::Writer& writer) -> Result<void> {
      writer.limit_used(2);
      (void)writer.set_used(sha256("one"), 2);
      (void)writer.touch_blob(digest_of(small_blob()), 3);
      (void)writer.remove_blob_unused_since(digest_of(frame_blob()), 0);
      (void)writer.remove_if_used(sha256("two"), 0);
      writer.set_number("stored-bytes", writer.number("stored-bytes"));
      return {};
    });
  };
  auto done = change();
  if (!done) done = change();  // the first one finds that it is broken
  (void)index.compact();
  // SQLite only reads a file that a later version wrote, as a byte of its header may say.
  if (!done && done.error().message.find("readonly") != std::string::npos) return false;
  require(done.has_value(), "whatever there was, it can be tidied up", done ? "" : done.error().message);
  return true;
}

void check(Input input) {
  static const ScratchFolder folder;
  folder.clear();
  std::string file;
  if (std::size_t places = input.byte(); places > 0) {
    file = good_file();
    for (; places > 0 && !input.empty(); --places) {
      const std::size_t at = input.number() % file.size();
      file[at] = static_cast<char>(input.byte());
    }
  }
  const std::string_view text = input.rest();
  folder.write("index-1.db", file.empty() ? text : file);
  const bool undamaged = file == good_file();

  {
    ResultIndex looking(folder.path(), true);
    (void)find(looking, sha256("one"));
    check_blobs(looking, undamaged);
    check_lists(looking);
  }
  ResultIndex index(folder.path(), false);
  for (const std::string_view name : {"one", "two", "three"}) {
    const auto found = find(index, sha256(name));
    require(!undamaged || (found && *found && (*found)->text == kResult), "a stored result is found");
    require(!undamaged || (*found)->blobs == std::vector{sha256("in a file")},
            "of the wanted blobs those that are no rows are told");
    if (found && *found && !(*found)->text.empty()) {
      require((*found)->text == kResult || (file.empty() && result_from_text((*found)->text).has_value()),
              "a result that was damaged is not handed out", (*found)->text);
    }
  }
  check_blobs(index, undamaged);
  check_lists(index);
  const auto checked = index.check();
  require(!undamaged || (checked && *checked), "an index that is whole is told so");
  if (!check_collection(index)) return;

  const Digest key = sha256(text);
  auto stored = put(index, key, text);
  if (!stored) stored = put(index, key, text);
  require(stored.has_value(), "whatever there was, a result can be stored",
          stored ? "" : stored.error().message);
  ResultIndex anew(folder.path(), false);
  const auto found = find(anew, key);
  require(found && *found && (*found)->text == text, "what was stored is found");
  check_blobs(anew, true);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
