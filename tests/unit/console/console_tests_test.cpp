// What is said of tests at the end: texts that scripts rely on.
#include "console_fixture.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

TestsReported passed(const std::string& task) {
  TestsReported event;
  event.task = task;
  event.passed = 122;
  event.skipped = 2;
  event.units_ran = 3;
  return event;
}

TestsReported failed(const std::string& task) {
  TestsReported event = passed(task);
  event.failed = 2;
  event.expected_failures = 2;
  event.units_cached = 175;
  event.units_not_run = 1;
  event.saved = milliseconds(725'000);
  event.failures = {
      {"tests/test_a.py:12", "TestX::test_y[a]", "AssertionError: a\x1b[31m\nb", "assert 1 ==\n\n  2\n"},
      {"tests/test_b.py", "tests.test_b", "", ""},
  };
  event.not_run = {"tests/test_c.py: the process ended before it (exit status 139)"};
  event.rerun = "devtask test 'tests/test_a.py::TestX::test_y[a]' tests/test_b.py";
  return event;
}

class TestsOnConsole : public ConsoleTest {};

TEST_F(TestsOnConsole, AreCountedLast) {
  begin(1);
  start("test");
  on(passed("test"));
  finish("test");
  end({.ran = 1});
  EXPECT_EQ(err_,
            "test: never ran here\n"
            "test: done in 1.2 s\n"
            "devtask: 1 ran in 1.2 s\n"
            "tests: 122 passed, 0 failed, 2 skipped · 3 of 3 files ran\n");
  EXPECT_EQ(out_, "");
}

TEST_F(TestsOnConsole, SayWhatTheCacheSpared) {
  TestsReported event = passed("test");
  event.expected_failures = 1;
  event.units_ran = 0;
  event.units_cached = 1;
  event.saved = milliseconds(3000);
  on(event);
  end({.up_to_date = 1, .saved = milliseconds(3000)});
  EXPECT_EQ(err_,
            "devtask: everything is up to date (1 task, saved 3 s)\n"
            "tests: 122 passed, 0 failed, 2 skipped (1 expected failure) · 0 of 1 file ran, 1 from the cache"
            " (3 s saved)\n");
}

TEST_F(TestsOnConsole, AreNamedIfTheyFailed) {
  begin(1);
  start("test");
  fail("test", "the runner's own words\n");
  on(failed("test"));
  end({.failed = 1});
  EXPECT_EQ(err_,
            "test: never ran here\n"
            "test: failed with exit status 3 after 1.2 s\n"
            "--- test failed (exit status 3) ---\n"
            "the runner's own words\n"
            "rerun: devtask test\n"
            "devtask: 1 failed in 1.2 s\n"
            "not run: tests/test_c.py: the process ended before it (exit status 139)\n"
            "failed: tests/test_a.py:12 TestX::test_y[a]: AssertionError: a b\n"
            "failed: tests/test_b.py tests.test_b\n"
            "rerun: devtask test 'tests/test_a.py::TestX::test_y[a]' tests/test_b.py\n"
            "tests: 122 passed, 2 failed, 2 skipped (2 expected failures) · 3 of 179 files ran, 175 from the "
            "cache (12 min 05 s saved), 1 not run\n");
}

TEST_F(TestsOnConsole, AreToldInFullWhenAskedFor) {
  options_.verbosity = 1;
  TestsReported event = failed("test");
  event.not_run.clear();
  event.slowest = {{"tests/test_a.py::test_z", milliseconds(12'300)}, {"tests/test_b.py", milliseconds(85)}};
  on(event);
  end({.failed = 1});
  EXPECT_EQ(err_,
            "devtask: 1 failed in 1.2 s\n"
            "slowest:\n"
            "      12.3 s  tests/test_a.py::test_z\n"
            "       85 ms  tests/test_b.py\n"
            "failed: tests/test_a.py:12 TestX::test_y[a]: AssertionError: a b\n"
            "  assert 1 ==\n"
            "  \n"
            "    2\n"
            "failed: tests/test_b.py tests.test_b\n"
            "rerun: devtask test 'tests/test_a.py::TestX::test_y[a]' tests/test_b.py\n"
            "tests: 122 passed, 2 failed, 2 skipped (2 expected failures) · 3 of 179 files ran, 175 from the "
            "cache (12 min 05 s saved), 1 not run\n");
}

TEST_F(TestsOnConsole, AreToldInFullIfTheirOutputWasNotShownButWanted) {
  const auto told = [&](OutputLogs logs) {
    close();
    options_.output_logs = logs;
    err_.clear();
    on(failed("test"));
    end({.failed = 1});
    return err_.find("  assert 1 ==") != std::string::npos;
  };
  EXPECT_TRUE(told(OutputLogs::kErrorsOnly));
  EXPECT_FALSE(told(OutputLogs::kNone));
  EXPECT_FALSE(told(OutputLogs::kFull));
}

TEST_F(TestsOnConsole, OfSeveralTasksSayWhose) {
  on(passed("test"));
  on(passed("test-ui"));
  end({.ran = 2});
  on(passed("test"));
  end({.ran = 1});
  EXPECT_EQ(err_,
            "devtask: 2 ran in 1.2 s\n"
            "test: tests: 122 passed, 0 failed, 2 skipped · 3 of 3 files ran\n"
            "test-ui: tests: 122 passed, 0 failed, 2 skipped · 3 of 3 files ran\n"
            "devtask: 1 ran in 1.2 s\n"
            "tests: 122 passed, 0 failed, 2 skipped · 3 of 3 files ran\n");
}

TEST_F(TestsOnConsole, AreToldAlsoWhenQuiet) {
  options_.verbosity = -1;
  on(failed("test"));
  end({.failed = 1});
  EXPECT_EQ(err_,
            "not run: tests/test_c.py: the process ended before it (exit status 139)\n"
            "failed: tests/test_a.py:12 TestX::test_y[a]: AssertionError: a b\n"
            "failed: tests/test_b.py tests.test_b\n"
            "rerun: devtask test 'tests/test_a.py::TestX::test_y[a]' tests/test_b.py\n"
            "tests: 122 passed, 2 failed, 2 skipped (2 expected failures) · 3 of 179 files ran, 175 from the "
            "cache (12 min 05 s saved), 1 not run\n");
}

TEST_F(TestsOnConsole, AreMarkedAndColouredOnATerminal) {
  options_.live = true;
  options_.color = true;
  begin(1);
  TestsReported event = failed("test");
  event.failures.pop_back();
  on(event);
  end({.failed = 1});
  EXPECT_EQ(
      err_,
      "\x1b[31m✗\x1b[0m \x1b[1mdevtask\x1b[0m: \x1b[31m1 failed\x1b[0m in 1.2 s\n"
      "\x1b[33mnot run:\x1b[0m tests/test_c.py: the process ended before it (exit status 139)\n"
      "\x1b[31mfailed:\x1b[0m \x1b[1mtests/test_a.py:12\x1b[0m TestX::test_y[a]: AssertionError: a b\n"
      "rerun: \x1b[1mdevtask test 'tests/test_a.py::TestX::test_y[a]' tests/test_b.py\x1b[0m\n"
      "\x1b[31m✗\x1b[0m \x1b[1mtests\x1b[0m: 122 passed, \x1b[31m2 failed\x1b[0m, 2 skipped (2 expected "
      "failures)\x1b[2m · 3 of 179 files ran, 175 from the cache (12 min 05 s saved), 1 not "
      "run\x1b[0m\n");
  err_.clear();
  on(passed("test"));
  end({.ran = 1});
  EXPECT_EQ(err_,
            "\x1b[32m✓\x1b[0m \x1b[1mdevtask\x1b[0m: 1 ran in 1.2 s\n"
            "\x1b[32m✓\x1b[0m \x1b[1mtests\x1b[0m: 122 passed, 0 failed, 2 skipped\x1b[2m · 3 of 3 files "
            "ran\x1b[0m\n");
}

TEST_F(TestsOnConsole, AreAnnotatedOnGithub) {
  options_.github_actions = true;
  TestsReported event = failed("test");
  event.failures.push_back({"a:b.py", "t", "50%", ""});
  on(event);
  end({.failed = 1});
  EXPECT_EQ(out_,
            "::error file=tests/test_a.py,line=12::TestX::test_y[a]: AssertionError: a b\n"
            "::error file=tests/test_b.py::tests.test_b\n"
            "::error file=a%3Ab.py::t: 50%25\n");
}

}  // namespace
}  // namespace devtask
