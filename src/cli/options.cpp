#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "os/parallel.h"

namespace devtask {
namespace {

// "4" or "50%" of the cores, at least one.
Result<int> read_jobs(const std::string& text) {
  const bool percent = text.ends_with('%');
  const std::string digits = percent ? text.substr(0, text.size() - 1) : text;
  const bool numeric =
      !digits.empty() && digits.size() <= 5 &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  const int number = numeric ? std::stoi(digits) : 0;
  if (number < 1) {
    return failure(error("`--jobs {}` is not a number of jobs", text)
                       .advise("write a number from 1, or a share of the cores: `-j 4`, `-j 50%`"));
  }
  return percent ? std::max(1, static_cast<int>(core_count()) * number / 100) : number;
}

void declare(CLI::App& app, Options& options, std::string& jobs) {
  static const std::map<std::string, OutputLogs> kOutputLogs = {{"full", OutputLogs::kFull},
                                                                {"new-only", OutputLogs::kNewOnly},
                                                                {"errors-only", OutputLogs::kErrorsOnly},
                                                                {"none", OutputLogs::kNone}};
  static const std::map<std::string, ColorChoice> kColors = {
      {"auto", ColorChoice::kAuto}, {"always", ColorChoice::kAlways}, {"never", ColorChoice::kNever}};
  app.set_help_flag();
  app.add_flag("-h,--help", options.help, "Show this text");
  app.add_flag("--version", options.version, "Show the version");
  app.add_option("-C,--directory", options.folder, "Run as if started in DIR")
      ->type_name("DIR")
      ->envname("DEVTASK_DIRECTORY");
  app.add_option("-j,--jobs", jobs, "So many tasks at once (default: the number of cores)")
      ->type_name("N|N%")
      ->envname("DEVTASK_JOBS");
  app.add_flag("-k,--keep-going", options.keep_going, "Go on with what does not depend on a failed task")
      ->envname("DEVTASK_KEEP_GOING");
  app.add_flag("-n,--dry-run", options.dry_run, "Show what would happen, change nothing")
      ->envname("DEVTASK_DRY_RUN");
  app.add_flag("--status", options.status, "Exit status 0 if all is up to date, 1 if not; change nothing")
      ->envname("DEVTASK_STATUS");
  app.add_flag("-f,--force", options.force, "Run the named tasks although they are up to date or cached")
      ->envname("DEVTASK_FORCE");
  app.add_flag("--only", options.only, "Without the dependencies")->envname("DEVTASK_ONLY");
  app.add_flag("-w,--watch", options.watch, "Run again what is stale whenever something changes")
      ->envname("DEVTASK_WATCH");
  app.add_flag("--no-cache", options.no_cache, "Neither read nor write the shared cache")
      ->envname("DEVTASK_NO_CACHE");
  app.add_option("--output-logs", options.output_logs,
                 "Output of which tasks to print: full, new-only (the default), errors-only, none")
      ->type_name("WHICH")
      ->transform(CLI::CheckedTransformer(kOutputLogs).description(""))
      ->envname("DEVTASK_OUTPUT_LOGS");
  app.add_option("--profile", options.profile,
                 "Write to FILE where the time went (a Chrome trace, for ui.perfetto.dev)")
      ->type_name("FILE")
      ->envname("DEVTASK_PROFILE");
  app.add_option("--color", options.color, "auto, always, never")
      ->type_name("WHEN")
      ->transform(CLI::CheckedTransformer(kColors).description(""))
      ->envname("DEVTASK_COLOR");
  app.add_flag("-q,--quiet", options.quiet, "Only failures")->envname("DEVTASK_QUIET");
  app.add_flag("-v,--verbose", options.verbosity, "Show commands; twice: also what is up to date")
      ->envname("DEVTASK_VERBOSE");
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  std::string jobs;
  CLI::App app;
  declare(app, options, jobs);
  app.allow_extras();
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> own(arguments.begin(), dashes);
  options.typed = own;
  if (dashes != arguments.end()) options.extra.assign(dashes + 1, arguments.end());
  std::reverse(own.begin(), own.end());  // CLI11 takes them from the end
  try {
    app.parse(own);
  } catch (const CLI::ParseError& problem) {
    return failure(error("{}", problem.what()).advise("`devtask --help` shows the options"));
  }
  options.words = app.remaining();
  if (options.quiet) options.verbosity = -1;
  if (!jobs.empty()) {
    auto number = read_jobs(jobs);
    if (!number) return tl::unexpected(number.error());
    options.jobs = *number;
  }
  return options;
}

std::vector<std::string> behind_first_word(const Options& options) {
  Options ignored;
  std::string jobs;
  CLI::App app;
  declare(app, ignored, jobs);
  app.prefix_command();  // all from the first word on remains as it is
  try {
    app.parse(std::vector<std::string>(options.typed.rbegin(), options.typed.rend()));
  } catch (const CLI::ParseError&) {
    return {};
  }
  std::vector<std::string> words = app.remaining();
  if (!words.empty()) words.erase(words.begin());
  return words;
}

std::string options_help() {
  Options options;
  std::string jobs;
  CLI::App app;
  declare(app, options, jobs);
  std::string text = app.help();
  const std::size_t start = text.find("Options:");
  return start == std::string::npos ? text : text.substr(start);
}

}  // namespace devtask
