// The URL of a database. What is read is the same when it is written and read again, and no password is
// shown, however it is written.
#include <algorithm>

#include "input.h"
#include "migrate/database_url.h"
#include "require.h"

namespace devtask {
namespace {

constexpr std::string_view kPassword = "Zq9x";

bool shows(std::string_view text) { return text.find(kPassword) != std::string_view::npos; }

void check(Input input) {
  const std::string text(input.rest());
  if (shows(text)) return;
  const auto url = parse_database_url(text);
  // An '@' in the name of a database looks like the end of a password.
  if (url && url->database.find('@') == std::string::npos) {
    const std::string written = to_text(*url);
    const auto again = parse_database_url(written);
    require(again && *again == *url, "a URL is the same again", written);
  }
  (void)secrets_of_database_url(text);

  // The first line is the password's rest, the second one what comes behind it.
  std::vector<std::string> lines = split(text, "\n");
  lines.resize(2);
  const std::string with = "postgresql://me:" + std::string(kPassword) + lines[0] + "@" + lines[1];
  require(!shows(mask_database_url(with)), "no password is shown", with);
  const auto secrets = secrets_of_database_url(with);
  require(std::ranges::any_of(secrets, shows), "a password is known", with);
  const auto refused = parse_database_url(with);
  require(refused || !shows(render(refused.error(), false)), "no password is shown in a failure", with);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
