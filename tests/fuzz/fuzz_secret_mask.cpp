// Secrets in output that comes in pieces: first how long the pieces are (two bytes), then the secrets and the
// output, one a line.
#include <algorithm>

#include "exec/secret_mask.h"
#include "input.h"
#include "require.h"

namespace devtask {
namespace {

// Looks at the whole text at once.
std::string masked(std::string_view text, const std::vector<std::string>& secrets) {
  std::string shown;
  while (!text.empty()) {
    const auto secret = std::find_if(secrets.begin(), secrets.end(),
                                     [&](const std::string& value) { return text.starts_with(value); });
    if (secret == secrets.end()) {
      shown += text.front();
      text.remove_prefix(1);
    } else {
      shown += "***";
      text.remove_prefix(secret->size());
    }
  }
  return shown;
}

void check(Input input) {
  const std::size_t first_piece = input.byte() + 1U, other_pieces = input.byte() + 1U;
  std::vector<std::string> secrets = split(input.rest(), "\n");
  const std::string text = secrets.back();
  secrets.pop_back();
  std::erase(secrets, "");
  std::stable_sort(secrets.begin(), secrets.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  const std::string expected = masked(text, secrets);

  SecretMask mask(secrets);
  std::string shown = mask.feed(text);
  shown += mask.finish();
  require(shown == expected, "each secret is masked", expected);
  shown.clear();
  std::string rest = text;
  for (std::size_t length = first_piece; !rest.empty(); length = other_pieces) {
    shown += mask.feed(std::string_view(rest).substr(0, length));
    require(expected.starts_with(shown), "nothing is shown that is masked later", shown);
    rest.erase(0, length);
  }
  shown += mask.finish();
  require(shown == expected, "pieces do not matter", shown);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
