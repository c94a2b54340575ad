// Runs a fuzzer on every file of the folders and files that are named: its main() where there is no
// libFuzzer. No input at all is a failure, so that a corpus that went astray is noticed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "os/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

std::vector<std::string> inputs_in(const std::string& named) {
  std::vector<std::string> paths;
  if (!std::filesystem::is_directory(named)) return {named};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(named)) {
    if (entry.is_regular_file()) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::string& path : inputs_in(argv[i])) {
      const auto text = devtask::read_file(path);
      if (!text) {
        std::fprintf(stderr, "%s\n", text.error().message.c_str());
        return 2;
      }
      // Said before, as a fuzzer that finds something ends the process.
      std::fprintf(stderr, "%s\n", path.c_str());
      // A copy of exactly its size, so that AddressSanitizer sees a read behind the end.
      const std::vector<std::uint8_t> bytes(text->begin(), text->end());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? 1 : 0;
}
