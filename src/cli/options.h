// The command line: options that every command shares, and the words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "console/console_options.h"
#include "plan/plan.h"

namespace devtask {

struct Options {
  std::string folder;  // -C
  int jobs = 0;        // 0: as many as cores
  bool keep_going = false;
  bool dry_run = false;
  bool status = false;
  bool force = false;
  bool only = false;
  bool watch = false;
  bool check = false;
  bool staged = false;
  bool no_cache = false;
  bool help = false;
  bool version = false;
  bool quiet = false;
  int verbosity = 0;  // -1 quiet, 0, 1 commands, 2 also what is up to date
  OutputLogs output_logs = OutputLogs::kNewOnly;
  ColorChoice color = ColorChoice::kAuto;
  std::string junit;               // file for the results of all tests; "": none
  std::string durations;           // JUnit report of an earlier run, for --shard; "": none
  UnitFilter units;                // --shard, --failed
  std::size_t slowest = 0;         // so many of the slowest tests to tell
  std::string profile;             // file for a trace of where the time went; "": none
  std::vector<std::string> words;  // a verb and its own options, or tasks and their arguments
  std::vector<std::string> typed;  // all arguments up to `--`
  std::vector<std::string> extra;  // after `--`
};

Result<Options> parse_options(const std::vector<std::string>& arguments);
// What was typed behind the first word, up to `--`.
std::vector<std::string> behind_first_word(const Options& options);

std::string options_help();  // the options as text, for --help

}  // namespace devtask
