#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
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

// "2/5", both from 1.
Result<void> read_shard(const std::string& text, UnitFilter& filter) {
  std::size_t slash = 0;
  const auto number = [](std::string_view digits) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return problem == std::errc() && end == digits.data() + digits.size() ? value : 0;
  };
  if (slash = text.find('/'); slash != std::string::npos) {
    filter.shard = number(std::string_view(text).substr(0, slash));
    filter.shards = number(std::string_view(text).substr(slash + 1));
  }
  if (filter.shard >= 1 && filter.shard <= filter.shards) return {};
  return failure(error("`--shard {}` is no part of a whole", text)
                     .advise("write which of how many parts, from 1: `--shard 2/5`"));
}

// Texts that have a form of their own.
struct Texts {
  std::string jobs, shard;
};

void declare(CLI::App& app, Options& options, Texts& texts) {
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
  app.add_option("-j,--jobs", texts.jobs, "So many tasks at once (default: the number of cores)")
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
  app.add_flag("--check", options.check,
               "Name the files that tasks with `edits` would change, and exit with 1; change nothing")
      ->envname("DEVTASK_CHECK");
  app.add_flag("--staged", options.staged,
               "Tasks with `edits` work on what is staged in git, and leave alone what is not")
      ->envname("DEVTASK_STAGED");
  app.add_flag("--no-cache", options.no_cache, "Neither read nor write the shared cache")
      ->envname("DEVTASK_NO_CACHE");
  app.add_option("--output-logs", options.output_logs,
                 "Output of which tasks to print: full, new-only (the default), errors-only, none")
      ->type_name("WHICH")
      ->transform(CLI::CheckedTransformer(kOutputLogs).description(""))
      ->envname("DEVTASK_OUTPUT_LOGS");
  app.add_option("--junit", options.junit, "Write to FILE what came of all tests, as JUnit XML")
      ->type_name("FILE")
      ->envname("DEVTASK_JUNIT");
  auto* shard = app.add_option("--shard", texts.shard, "Only the K-th of N parts of the units")
                    ->type_name("K/N")
                    ->envname("DEVTASK_SHARD");
  app.add_option(
         "--durations", options.durations,
         "Parts that take about as long as each other, by the --junit FILE of an earlier run; the same "
         "for all parts")
      ->type_name("FILE")
      ->needs(shard)
      ->envname("DEVTASK_DURATIONS");
  app.add_flag("--failed", options.units.failed, "Only the units that did not pass last time")
      ->envname("DEVTASK_FAILED");
  app.add_option("--slowest", options.slowest, "Name the N slowest tests")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N")
      ->envname("DEVTASK_SLOWEST");
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
  Texts texts;
  CLI::App app;
  declare(app, options, texts);
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
  if (!texts.shard.empty()) {
    if (auto read = read_shard(texts.shard, options.units); !read) return tl::unexpected(read.error());
  }
  if (!texts.jobs.empty()) {
    auto number = read_jobs(texts.jobs);
    if (!number) return tl::unexpected(number.error());
    options.jobs = *number;
  }
  return options;
}

std::vector<std::string> behind_first_word(const Options& options) {
  Options ignored;
  Texts texts;
  CLI::App app;
  declare(app, ignored, texts);
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
  Texts texts;
  CLI::App app;
  declare(app, options, texts);
  std::string text = app.help();
  const std::size_t start = text.find("Options:");
  return start == std::string::npos ? text : text.substr(start);
}

}  // namespace devtask
