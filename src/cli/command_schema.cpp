// The JSON schema for editors, and the reference page: both from the table of keys.
#include "cli/commands.h"
#include "cli/report.h"
#include "config/keys.h"

namespace devtask {

Result<ExitCode> command_schema(const Invocation& invocation) {
  const bool reference = invocation.words == std::vector<std::string>{"--reference"};
  if (!reference && !invocation.words.empty()) {
    return failure(error("unknown word `{}` after `schema`", invocation.words[0]).advise("devtask schema [--reference]"));
  }
  print(reference ? reference_page() : json_schema());
  return ExitCode::kDone;
}

}  // namespace devtask
