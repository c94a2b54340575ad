#include "cli/options.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "os/parallel.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class OptionsTest : public testing::Test {
 protected:
  ~OptionsTest() override {
    for (const std::string& name : set_) ::unsetenv(name.c_str());
  }
  void environment(const std::string& name, const std::string& value) {
    ASSERT_EQ(::setenv(name.c_str(), value.c_str(), 1), 0);
    set_.push_back(name);
  }
  static Options parse(const Strings& arguments) {
    auto options = parse_options(arguments);
    EXPECT_TRUE(options) << (options ? "" : options.error().message);
    return options.value_or(Options());
  }
  static std::string complaint(const Strings& arguments) {
    const auto options = parse_options(arguments);
    return options ? "no complaint" : render(options.error(), false);
  }

 private:
  Strings set_;
};

TEST_F(OptionsTest, HasDefaults) {
  const Options options = parse({});
  EXPECT_EQ(options.jobs, 0);
  EXPECT_EQ(options.verbosity, 0);
  EXPECT_EQ(options.output_logs, OutputLogs::kNewOnly);
  EXPECT_EQ(options.color, ColorChoice::kAuto);
  EXPECT_FALSE(options.keep_going || options.dry_run || options.status || options.force || options.only ||
               options.no_cache || options.help || options.version || options.quiet);
  EXPECT_EQ(options.words, Strings{});
  EXPECT_EQ(options.extra, Strings{});
}

TEST_F(OptionsTest, StandBeforeAndAfterTheTask) {
  const Options options =
      parse({"-j", "4", "test", "-k", "a.py", "--force", "--output-logs=full", "--color", "never", "-vv"});
  EXPECT_EQ(options.jobs, 4);
  EXPECT_TRUE(options.keep_going);
  EXPECT_TRUE(options.force);
  EXPECT_EQ(options.output_logs, OutputLogs::kFull);
  EXPECT_EQ(options.color, ColorChoice::kNever);
  EXPECT_EQ(options.verbosity, 2);
  EXPECT_EQ(options.words, (Strings{"test", "a.py"}));
}

TEST_F(OptionsTest, EndAtTheDashes) {
  const Options options = parse({"-n", "test", "--", "-k", "retry", "--", "-x", "-j"});
  EXPECT_TRUE(options.dry_run);
  EXPECT_FALSE(options.keep_going);
  EXPECT_EQ(options.words, Strings{"test"});
  EXPECT_EQ(options.extra, (Strings{"-k", "retry", "--", "-x", "-j"}));
  EXPECT_EQ(parse({"--"}).extra, Strings{});
}

TEST_F(OptionsTest, KeepWordsAsTheyAre) {
  const Strings words = {"a b", "",     "it's", "[x]",         "{y}",
                         "a=b", "\xff", "-",    "flows:build", "schema@sqlite,1"};
  EXPECT_EQ(parse(words).words, words);
}

TEST_F(OptionsTest, WhatStandsBehindTheFirstWordIsKnown) {
  const auto behind = [](const Strings& arguments) { return behind_first_word(parse(arguments)); };
  EXPECT_EQ(behind({"-k", "test", "-n", "x", "--color", "never", "--", "-x"}),
            (Strings{"-n", "x", "--color", "never"}));
  // A value is no word, also if it reads like one.
  EXPECT_EQ(behind({"-C", "test", "-k", "test", "x"}), Strings{"x"});
  EXPECT_EQ(behind({"-j", "4", "4", "-k"}), Strings{"-k"});
  EXPECT_EQ(behind({"test"}), Strings{});
  EXPECT_EQ(behind({"-C", "test", "--", "test"}), Strings{});
  EXPECT_EQ(behind({}), Strings{});
}

TEST_F(OptionsTest, UnknownOptionsStayInTheirPlace) {
  EXPECT_EQ(parse({"list", "--json"}).words, (Strings{"list", "--json"}));
  EXPECT_EQ(parse({"graph", "--format", "dot", "a"}).words, (Strings{"graph", "--format", "dot", "a"}));
}

TEST_F(OptionsTest, JobsAreANumberOrAShareOfTheCores) {
  EXPECT_EQ(parse({"-j8"}).jobs, 8);
  EXPECT_EQ(parse({"--jobs=1"}).jobs, 1);
  EXPECT_EQ(parse({"-j", "100%"}).jobs, static_cast<int>(core_count()));
  EXPECT_EQ(parse({"-j", "200%"}).jobs, static_cast<int>(2 * core_count()));
  EXPECT_EQ(parse({"-j", "1%"}).jobs, 1);
  for (const char* wrong : {"0", "-1", "x", "1.5", "%", "0%", "4x", "1000000", "+3"}) {
    EXPECT_EQ(complaint({std::string("--jobs=") + wrong}),
              fmt::format("error: `--jobs {}` is not a number of jobs\n"
                          "  help: write a number from 1, or a share of the cores: `-j 4`, `-j 50%`\n",
                          wrong));
  }
}

TEST_F(OptionsTest, SayWhatIsWrong) {
  for (const Strings& wrong : {Strings{"--jobs"}, {"--color", "pink"}, {"--output-logs", "some"}, {"-C"}}) {
    const std::string said = complaint(wrong);
    EXPECT_TRUE(said.starts_with("error: ")) << said;
    EXPECT_TRUE(said.ends_with("\n  help: `devtask --help` shows the options\n")) << said;
  }
}

TEST_F(OptionsTest, EachHasAVariableInTheEnvironment) {
  environment("DEVTASK_JOBS", "3");
  environment("DEVTASK_KEEP_GOING", "1");
  environment("DEVTASK_FORCE", "true");
  environment("DEVTASK_ONLY", "1");
  environment("DEVTASK_NO_CACHE", "1");
  environment("DEVTASK_DRY_RUN", "1");
  environment("DEVTASK_STATUS", "1");
  environment("DEVTASK_OUTPUT_LOGS", "none");
  environment("DEVTASK_COLOR", "always");
  environment("DEVTASK_DIRECTORY", "/somewhere");
  environment("DEVTASK_VERBOSE", "2");
  const Options options = parse({"t"});
  EXPECT_EQ(options.jobs, 3);
  EXPECT_TRUE(options.keep_going && options.force && options.only && options.no_cache && options.dry_run &&
              options.status);
  EXPECT_EQ(options.output_logs, OutputLogs::kNone);
  EXPECT_EQ(options.color, ColorChoice::kAlways);
  EXPECT_EQ(options.folder, "/somewhere");
  EXPECT_EQ(options.verbosity, 2);
  EXPECT_EQ(options.words, Strings{"t"});
}

TEST_F(OptionsTest, TheCommandLineIsStrongerThanTheEnvironment) {
  environment("DEVTASK_JOBS", "3");
  environment("DEVTASK_COLOR", "always");
  environment("DEVTASK_KEEP_GOING", "false");
  const Options options = parse({"-j5", "--color=never"});
  EXPECT_EQ(options.jobs, 5);
  EXPECT_EQ(options.color, ColorChoice::kNever);
  EXPECT_FALSE(options.keep_going);
}

TEST_F(OptionsTest, ABrokenVariableIsSaid) {
  environment("DEVTASK_JOBS", "many");
  EXPECT_EQ(complaint({}),
            "error: `--jobs many` is not a number of jobs\n"
            "  help: write a number from 1, or a share of the cores: `-j 4`, `-j 50%`\n");
}

TEST_F(OptionsTest, QuietIsStrongerThanVerbose) {
  EXPECT_EQ(parse({"-q"}).verbosity, -1);
  EXPECT_EQ(parse({"-q", "-v"}).verbosity, -1);
  EXPECT_EQ(parse({"-v", "-v"}).verbosity, 2);
}

TEST_F(OptionsTest, HelpNamesThemAll) {
  const std::string help = options_help();
  for (const char* option :
       {"-C,--directory", "-j,--jobs", "-k,--keep-going", "-n,--dry-run", "--status", "-f,--force", "--only",
        "--no-cache", "--output-logs", "--color", "-q,--quiet", "-v,--verbose", "--version", "-h,--help"}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
}

}  // namespace
}  // namespace devtask
