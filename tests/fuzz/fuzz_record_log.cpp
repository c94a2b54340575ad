// A record log on disk. First how many records are mended (a byte; 255: the bytes are the file as it is),
// then the file.
#include <algorithm>

#include "input.h"
#include "mended_log.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/record_log.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kMagic = "DTFUZZ01";
constexpr std::uint8_t kAsItIs = 255;

Strings copies(const RecordLog::Contents& contents) {
  const std::string_view file = contents.file.bytes();
  require(contents.good_bytes <= file.size(), "no more is good than is there");
  for (const std::string_view payload : contents.payloads) {
    require(payload.data() >= file.data() && payload.data() + payload.size() <= file.data() + file.size(),
            "payloads lie in the file");
  }
  return {contents.payloads.begin(), contents.payloads.end()};
}

Strings read_all(const std::string& path) {
  RecordLog log(path, kMagic);
  return copies(log.read());
}

void check(Input input) {
  static const ScratchFolder folder;
  const std::string path = folder / "log";
  const std::uint8_t records = input.byte();
  folder.write("log",
               records == kAsItIs ? std::string(input.rest()) : mended_log(input.rest(), kMagic, records));

  RecordLog one(path, kMagic);
  const RecordLog::Contents first = one.read();
  Strings expected = copies(first);
  require(read_all(path) == expected, "read twice it is the same");
  require(one.read_new().payloads.empty(), "nothing new came");

  const Strings added{"one more", "", std::string(9, '\0')};
  require(one.append({added.begin(), added.end()}).has_value(), "records can be added");
  expected.insert(expected.end(), added.begin(), added.end());
  RecordLog other(path, kMagic);
  const RecordLog::Contents second = other.read();
  require(copies(second) == expected, "what was good stays, what was added follows");
  require(!second.damaged && second.good_bytes == second.file.bytes().size(), "a damaged end is cut off");

  require(other.append({"by another"}).has_value(), "another process can add");
  const RecordLog::Contents news = one.read_new();
  require(copies(news) == Strings{"by another"} && !news.from_start, "each sees what the other added, once");
  expected.emplace_back("by another");
  require(read_all(path) == expected, "all of it is in the file");

  const auto rewritten = other.rewrite([](const RecordLog::Contents& old) {
    std::vector<std::string_view> last;
    if (!old.payloads.empty()) last.push_back(old.payloads.back());
    return last;
  });
  require(rewritten.has_value() && read_all(path) == Strings{"by another"}, "what is chosen is kept");
  const RecordLog::Contents anew = one.read_new();
  require(anew.from_start && copies(anew) == Strings{"by another"},
          "a file that was replaced is read from its start");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
