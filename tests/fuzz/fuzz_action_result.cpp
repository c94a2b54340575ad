// The text of a result, which comes from the journal and from a cache that others write: what is accepted
// leads nowhere out of the project and is written as it was read.
#include <algorithm>

#include "action/action_result.h"
#include "input.h"
#include "require.h"

namespace devtask {
namespace {

void check_paths(const ActionResult& result) {
  if (result.witness) require(is_safe_relative_path(result.witness->path), "a witness lies in the project");
  for (const OutputEntry& entry : result.outputs) {
    require(is_safe_relative_path(entry.path), "an output lies in the project", entry.path);
    require(!entry.path.starts_with('/') && ("/" + entry.path + "/").find("/../") == std::string::npos,
            "an output has no `..`", entry.path);
    require((entry.mode & ~07777U) == 0, "a mode has permission bits only");
    require((entry.kind == OutputEntry::Kind::kLink) == !entry.target.empty(),
            "links, and only they, lead somewhere");
    for (const OutputEntry& other : result.outputs) {
      require(&entry == &other || entry.path != other.path, "no path is there twice", entry.path);
      require(other.kind != OutputEntry::Kind::kLink || !entry.path.starts_with(other.path + "/"),
              "no path leads through a link", entry.path);
    }
  }
}

void check(std::string_view text) {
  const auto result = result_from_text(text);
  if (!result) return;
  check_paths(*result);
  const std::string written = to_text(*result);
  const auto again = result_from_text(written);
  require(again && *again == *result, "what was read is written and read again", written);
  require(to_text(*again) == written, "written twice it is the same");
  require(again->outputs_digest() == result->outputs_digest(), "dependents see the same");
  ActionResult reversed = *result;
  std::reverse(reversed.outputs.begin(), reversed.outputs.end());
  require(to_text(reversed) == written, "the order of outputs does not matter");
  require(reversed.outputs_digest() == result->outputs_digest(), "nor for the digest");
  require(blobs_of(*result).size() <= result->outputs.size() + 1, "only files and the log have blobs");
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
