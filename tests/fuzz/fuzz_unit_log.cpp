// Logs of units: payloads as text, cut by lines `====`. What can be read is the same after writing it again,
// and after the file has been written anew.
#include <map>

#include "input.h"
#include "require.h"
#include "scratch_folder.h"
#include "store/record_log.h"
#include "store/unit_log.h"

namespace devtask {
namespace {

constexpr std::string_view kMagic = "DTUNIT01";

void check(std::string_view text) {
  static const ScratchFolder folder;
  folder.clear();
  const UnitLogs logs(folder.path());
  const std::vector<std::string> payloads = split(text, "====\n");
  RecordLog log(logs.path("a"), kMagic);
  require(log.append({payloads.begin(), payloads.end()}).has_value(), "payloads can be written");

  const UnitRecords read = logs.read("a");
  std::map<std::string, UnitRecord> known;
  for (const UnitRecord& record : read) {
    require(!record.name.empty(), "a unit has a name");
    require(record.duration.count() >= 0, "nothing takes less than no time", record.name);
    const UnitRecord* found = read.find(record.name);
    require(found != nullptr, "a name is found", record.name);
    known.insert_or_assign(record.name, *found);
  }

  std::vector<UnitRecord> all;
  for (const auto& [name, record] : known) all.push_back(record);
  const auto same = [&](const UnitRecords& again, std::string_view when) {
    for (const UnitRecord& record : all) {
      const UnitRecord* found = again.find(record.name);
      require(found != nullptr && *found == record, when, record.name);
    }
  };
  require(logs.append("b", all).has_value(), "records can be written");
  same(logs.read("b"), "what was read is read as it is written");

  // Until it is written anew.
  std::vector<UnitRecord> stale(300, UnitRecord{"stale", true, {}, {}, {}, {}, {}, {}});
  known.erase("stale");
  std::erase_if(all, [](const UnitRecord& record) { return record.name == "stale"; });
  require(logs.append("b", stale).has_value(), "records can be written");
  same(logs.read("b"), "writing anew changes nothing");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
