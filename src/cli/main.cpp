#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/version.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"
#include "os/file.h"
#include "os/machine.h"
#include "os/process.h"

namespace devtask {
namespace {

int run_main(const std::vector<std::string>& arguments) {
  auto options = parse_options(arguments);
  if (!options) {
    report(options.error(), Options());
    return static_cast<int>(ExitCode::kUsage);
  }
  if (options->version) {
    print(fmt::format("devtask {}\n", kVersion));
    return static_cast<int>(ExitCode::kDone);
  }
  const Variables environment = to_variables(own_environment());
  std::vector<std::string> words = options->words;
  CommandFunction function = command_run;
  const bool help = options->help;
  if (help && words.empty()) {
    function = command_help;
  } else if (words.empty()) {
    function = command_list;
  } else {
    const auto all = commands();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Command& each) { return each.name == words[0]; });
    if (found != all.end()) {
      function = help ? command_help : found->function;
      if (help) {
        words.resize(1);
      } else {
        words.erase(words.begin());
      }
    } else if (help) {
      function = command_task_help;
    }
  }
  std::optional<Profile> profile;
  if (!options->profile.empty()) profile.emplace();
  const auto code = function({*options, environment, std::move(words), profile ? &*profile : nullptr});
  if (profile) {
    if (auto written = write_file(options->profile, profile->chrome_trace()); !written) {
      report(written.error(), *options);
      if (code && *code == ExitCode::kDone) return static_cast<int>(ExitCode::kUsage);
    }
  }
  if (!code) {
    report(code.error(), *options);
    return static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(*code);
}

}  // namespace
}  // namespace devtask

int main(int argc, char** argv) {
  devtask::prefer_few_allocations();
  try {
    return devtask::run_main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::system_error& refused) {  // no thread to be had
    devtask::report(devtask::error("cannot go on: {}", refused.what()), devtask::Options());
    return static_cast<int>(devtask::ExitCode::kUsage);
  } catch (const std::exception& problem) {
    devtask::report(devtask::error("internal error: {}", problem.what())
                        .advise("this is a mistake in devtask: please report it with the command you gave"),
                    devtask::Options());
    return static_cast<int>(devtask::ExitCode::kInternal);
  }
}
