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

Result<void> put(ResultIndex& index, const Digest& key, std::string_view text) {
  return index.change([&](ResultIndex::Writer& writer) -> Result<void> {
    writer.put(key, text, 1);
    writer.set_number("stored-bytes", 17);
    return {};
  });
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
    (void)looking.find(sha256("one"));
    (void)looking.number("stored-bytes");
  }
  ResultIndex index(folder.path(), false);
  for (const std::string_view name : {"one", "two", "three"}) {
    const auto found = index.find(sha256(name));
    require(!undamaged || (found && *found && (*found)->text == kResult), "a stored result is found");
    if (found && *found && !(*found)->text.empty()) {
      require((*found)->text == kResult || (file.empty() && result_from_text((*found)->text).has_value()),
              "a result that was damaged is not handed out", (*found)->text);
    }
  }
  (void)index.each([](const ResultIndex::Row& row) { (void)result_from_text(row.text); });
  (void)index.number("stored-bytes");
  const auto checked = index.check();
  require(!undamaged || (checked && *checked), "an index that is whole is told so");

  const Digest key = sha256(text);
  auto stored = put(index, key, text);
  if (!stored) stored = put(index, key, text);  // the first one finds that it is broken
  // SQLite only reads a file that a later version wrote, as a byte of its header may say.
  if (!stored && stored.error().message.find("readonly") != std::string::npos) return;
  require(stored.has_value(), "whatever there was, a result can be stored",
          stored ? "" : stored.error().message);
  ResultIndex anew(folder.path(), false);
  const auto found = anew.find(key);
  require(found && *found && (*found)->text == text, "what was stored is found");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
