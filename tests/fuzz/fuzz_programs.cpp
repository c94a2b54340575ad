// The names of programs in a shell script, and the folders in a PATH.
#include <algorithm>

#include "input.h"
#include "plan/programs.h"
#include "require.h"

namespace devtask {
namespace {

bool is_word(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("._/+-@").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void check(std::string_view text) {
  const std::vector<std::string> names = programs_of_script(text);
  require(std::is_sorted(names.begin(), names.end()), "names are sorted");
  require(std::adjacent_find(names.begin(), names.end()) == names.end(), "no name is there twice");
  for (const std::string& name : names) {
    require(is_word(name), "a name is a plain word", name);
    require(programs_of_script(name) == std::vector{name} || !programs_of_script("env " + name).empty(),
            "a name alone starts itself", name);
  }
  const std::string script(text);
  if (const auto twice = programs_of_script(script + "\n" + script);
      script.find_first_of("'\"\\#") == std::string::npos) {
    require(twice == names, "a script twice has the same programs", script);
  }
  for (const std::string& folder : search_folders(text)) {
    require(folder.starts_with('/') && folder.find(':') == std::string::npos,
            "folders to search are absolute", folder);
  }
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
