#include "plan/steps.h"

#include <gtest/gtest.h>

#include "fakes/temporary_folder.h"
#include "os/process.h"
#include "plan/programs.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

Step shell_step(std::string_view script) { return {true, {Template::parse(script).value()}, {}}; }
Step argv_step(const Strings& words) {
  Step step;
  for (const std::string& word : words) step.words.push_back(Template::parse(word).value());
  return step;
}

Values some_values() {
  Values values;
  values.set("root", {"/somewhere/project"}, false);
  values.set("x", {"a b"}, false);
  values.set("list", {"one", "two words"}, true);
  values.set("none", {}, true);
  values.set("extra", {}, true);
  return values;
}

std::string shown(const std::vector<PlannedStep>& steps) {
  std::string text;
  for (const PlannedStep& step : steps) {
    for (const std::string& word : step.argv) text += "[" + word + "]";
    text += "\n  key: " + step.key + "\n  shown: " + step.shown + "\n  programs:";
    for (const std::string& name : step.programs) text += " " + name;
    text += "\n";
  }
  return text;
}

std::string planned(std::vector<Step> run, const Values& values, const std::string& shell = "sh") {
  Task task;
  task.run = std::move(run);
  task.shell = shell;
  return shown(plan_steps(task, task.run, values));
}

TEST(StepsTest, AShellStepTakesValuesAsParameters) {
  EXPECT_EQ(
      planned({shell_step("tool {{x}} '{{x}}' \"{{x}}\" --all={{list}} {{none}} {{root}}")}, some_values()),
      "[sh][-eu][-c][tool \"${1}\" ''\"${2}\"'' \"${3}\" --all=\"${4}\" \"${5}\"  \"${6}\"][sh]"
      "[a b][a b][a b][one][two words][/somewhere/project]\n"
      "  key: sh tool \"${1}\" ''\"${2}\"'' \"${3}\" --all=\"${4}\" \"${5}\"  \"${6}\" -- "
      "'a b' 'a b' 'a b' one 'two words' '{{root}}'\n"
      "  shown: tool 'a b' ''a b'' \"'a b'\" --all=one 'two words'  /somewhere/project\n"
      "  programs: tool sh\n");
}

TEST(StepsTest, BashStopsAtTheFirstFailureOfAPipe) {
  EXPECT_EQ(planned({shell_step("a | b")}, some_values(), "bash"),
            "[bash][-euo][pipefail][-c][a | b][bash]\n"
            "  key: bash a | b\n"
            "  shown: a | b\n"
            "  programs: a b bash\n");
}

TEST(StepsTest, AnArgvStepTakesAListAsSeveralArguments) {
  EXPECT_EQ(planned({argv_step({"tool", "{{list}}", "--all={{list}}", "{{x}}", "{{none}}", "{{root}}/f"})},
                    some_values()),
            "[tool][one][two words][--all=one two words][a b][/somewhere/project/f]\n"
            "  key: argv tool one 'two words' '--all=one two words' 'a b' '{{root}}/f'\n"
            "  shown: tool one 'two words' '--all=one two words' 'a b' /somewhere/project/f\n"
            "  programs: tool\n");
}

// What was seen with `{{root}}` as a text must not count for the folder, nor the other way round.
TEST(StepsTest, AKeyTellsTheRootFromATextThatReadsTheSame) {
  Values values = some_values();
  values.set("text", {"{{root}}"}, false);
  values.set("list", {"{{root}}"}, true);
  const auto key = [&](const Step& step) {
    Task task;
    task.run = {step};
    return plan_steps(task, task.run, values)[0].key;
  };
  EXPECT_EQ(key(argv_step({"echo", "{{root}}"})), "argv echo '{{root}}'");
  for (const char* word : {"{{{{root}}", "{{text}}", "{{list}}"}) {
    EXPECT_EQ(key(argv_step({"echo", word})), "argv echo '{{{{root}}'") << word;
  }
  EXPECT_EQ(key(shell_step("echo {{root}}")), "sh echo \"${1}\" -- '{{root}}'");
  for (const char* word : {"{{text}}", "{{list}}"}) {
    EXPECT_EQ(key(shell_step(std::string("echo ") + word)), "sh echo \"${1}\" -- '{{{{root}}'") << word;
  }
  values.set("extra", {"{{root}}"}, true);
  EXPECT_EQ(key(argv_step({"echo"})), "argv echo '{{{{root}}'");
  EXPECT_EQ(key(shell_step("echo")), "sh echo \"${1}\" -- '{{{{root}}'");
}

TEST(StepsTest, APlaceholderIsHiddenInAHereDocumentWithAQuotedEnd) {
  const auto hidden = [](const std::string& script) {
    Task task;
    task.run = {shell_step("true {{x}}"), shell_step(script)};
    const Step* step = hides_placeholder(task);
    return step == &task.run[1];
  };
  EXPECT_TRUE(hidden("cat <<'EOF'\na {{x}}\nEOF\n"));
  EXPECT_TRUE(hidden("cat <<-\\EOF\n\ta {{x}}\n\tEOF\n"));
  EXPECT_TRUE(hidden("cat <<A <<\"B\"\n{{x}}\nA\n{{x}}\nB\n"));
  EXPECT_FALSE(hidden("cat <<EOF\na {{x}}\nEOF\n"));
  EXPECT_FALSE(hidden("cat <<'EOF' {{x}}\na\nEOF\necho {{x}}"));
  EXPECT_FALSE(hidden("cat <<'EOF'\na\nEOF\n"));
  // One in a substitution of another.
  EXPECT_TRUE(hidden("cat <<A\n$(cat <<'B'\n{{x}}\nB\n)\nA\n"));
  EXPECT_FALSE(hidden("cat <<A\n$(cat <<'B'\nb\nB\n)A\n{{x}}\nA\n"));
  EXPECT_FALSE(hidden("cat <<A\n$(\ntrue\n)\n{{x}}\nA\necho '{{x}}'"));
}

TEST(StepsTest, WhatIsAppendedWouldBeSwallowed) {
  const auto swallowed = [](const std::string& script) {
    Task task;
    task.run = {shell_step(script)};
    Values values = some_values();
    values.set("extra", {"x"}, true);
    return swallows_extra(task, values) == &task.run[0];
  };
  EXPECT_TRUE(swallowed("a # b\n"));
  EXPECT_TRUE(swallowed("cat <<EOF\na\nEOF\n"));
  EXPECT_TRUE(swallowed("cat <<'EOF'\na\nEOF"));
  EXPECT_FALSE(swallowed("cat <<EOF\na\nEOF\nb"));
  EXPECT_FALSE(swallowed("v=$(cat <<EOF\na\nEOF\n)"));
}

TEST(StepsTest, ExtraGoesToTheEndOfTheLastStep) {
  Values values = some_values();
  values.set("extra", {"-k", "a b"}, true);
  EXPECT_EQ(planned({shell_step("first"), shell_step("second\n ")}, values),
            "[sh][-eu][-c][first][sh]\n"
            "  key: sh first\n"
            "  shown: first\n"
            "  programs: first sh\n"
            "[sh][-eu][-c][second \"${1}\" \"${2}\"][sh][-k][a b]\n"
            "  key: sh second \"${1}\" \"${2}\" -- -k 'a b'\n"
            "  shown: second\n  -k 'a b'\n"
            "  programs: second sh\n");
  EXPECT_EQ(planned({argv_step({"tool"})}, values),
            "[tool][-k][a b]\n"
            "  key: argv tool -k 'a b'\n"
            "  shown: tool -k 'a b'\n"
            "  programs: tool\n");
}

TEST(StepsTest, ExtraGoesWhereAStepNamesIt) {
  Values values = some_values();
  values.set("extra", {"-k"}, true);
  EXPECT_EQ(planned({argv_step({"first", "{{extra}}", "end"}), argv_step({"second"})}, values),
            "[first][-k][end]\n  key: argv first -k end\n  shown: first -k end\n  programs: first\n"
            "[second]\n  key: argv second\n  shown: second\n  programs: second\n");
}

// What would start a program, or take the text around it apart, if a shell ever read it as text.
const Strings kHostile = {
    "$(touch executed)",
    "`touch executed`",
    "; touch executed;",
    "\ntouch executed\n#",
    "' ; touch executed ; '",
    "\" ; touch executed ; \"",
    "'\"' ; touch executed ; '\"'",
    "\") ; touch executed ; (\"",
    "' $(touch executed) '",
    "\" $(touch executed) \"",
    "&& touch executed",
    "| tee executed",
    "> executed",
    "${x:-$(touch executed)}",
    "}; touch executed; {",
    "$((1+$(touch executed)))",
    "\\",
    "\\'; touch executed",
    "a\\\nb",
    "*",
    "/*",
    "~",
    "a  b\tc",
    "",
    "-n",
    "it's",
    "\"",
    "$1 ${1} $@ $HOME",
    "{{x}}",
    "#",
    "!!",
    "\xff\xfe",
    "EOF",
};

class StepsInAShellTest : public testing::Test {
 protected:
  // The output of the script with the value put in, run for real; it must leave no file.
  std::string run(const std::string& shell, const std::string& script, const Values& values) {
    Task task;
    task.run = {shell_step(script)};
    task.shell = shell;
    ProcessRequest request;
    request.argv = plan_steps(task, task.run, values)[0].argv;
    request.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    request.folder = folder_.path();
    std::string output;
    request.output = [&](std::string_view bytes) { output += bytes; };
    request.program = find_program(shell, {"/usr/local/bin", "/usr/bin", "/bin"}, "/");
    StopRequest stop;
    const auto outcome = run_process(request, stop);
    if (!outcome) return render(outcome.error(), false);
    if (!list_folder(folder_.path())->empty()) return "SOMETHING WAS EXECUTED";
    if (outcome->exit_status != 0) output += "(exit status " + std::to_string(outcome->exit_status) + ")";
    return output;
  }

  TemporaryFolder folder_;
};

struct Place {
  std::string script;
  std::string output;  // `@` stands for the value
};

const Place kPlaces[] = {
    {"printf '%s|' {{x}}", "@|"},
    {"printf '%s|' a{{x}}b", "a@b|"},
    {"printf '%s|' \"{{x}}\"", "@|"},
    {"printf '%s|' \"a {{x}} b\"", "a @ b|"},
    {"printf '%s|' '{{x}}'", "@|"},
    {"printf '%s|' 'a \" {{x}} $b'", "a \" @ $b|"},
    {"printf '%s|' 'a'{{x}}\"b\"", "a@b|"},
    {"printf '%s|' \"\\\"{{x}}\\\"\"", "\"@\"|"},
    {"printf '%s|' \\\"{{x}}\\'", "\"@'|"},
    {"printf '%s|' \"it's {{x}}\"", "it's @|"},
    {"v={{x}}; printf '%s|' \"$v\"", "@|"},
    {"v=a{{x}}b\nprintf '%s|' \"$v\"", "a@b|"},
    {"printf '%s|' \"$(printf '%s.' {{x}})\"", "@.|"},
    {"printf '%s|' \"$(printf '%s.' \"{{x}}\")\"", "@.|"},
    {"printf '%s|' \"$(printf '%s.' '{{x}}')\"", "@.|"},
    {"printf '%s|' \"a $(printf '%s.' \"b $(printf '%s.' {{x}})\") {{x}}\"", "a b @.. @|"},
    {"v=$(printf '%s.' {{x}}); printf '%s|' \"$v\"", "@.|"},
    {"v=`printf '%s.' {{x}}`; printf '%s|' \"$v\"", "@.|"},
    {"printf '%s|' \"`printf '%s.' {{x}}`\"", "@.|"},
    {"printf '%s|' \"${none:-{{x}}}\"", "@|"},
    {"(printf '%s|' {{x}})", "@|"},
    {"{ printf '%s|' {{x}}; }", "@|"},
    {"if [ {{x}} = {{x}} ]; then printf '%s|' {{x}}; fi", "@|"},
    {"case {{x}} in ({{x}}) printf '%s|' {{x}};; esac", "@|"},
    {"for v in {{x}}; do printf '%s|' \"$v\"; done", "@|"},
    {": # {{x}}\nprintf '%s|' {{x}}", "@|"},
    {": # it's {{x}} \"\nprintf '%s|' {{x}}", "@|"},
    {"printf '%s|' a#b'{{x}}'", "a#b@|"},
    {"printf '%s|' a \\\n  {{x}}", "a|@|"},
    {"cat <<EOF\na {{x}} b\nEOF\n", "a @ b\n"},
    {"cat <<-'EOF' | cat\n\ta\n\tEOF\nprintf '%s|' {{x}}", "a\n@|"},
    {"cat <<EOF\n\"$(printf '%s.' {{x}})\" it's # no comment\nEOF\nprintf '%s|' {{x}}",
     "\"@.\" it's # no comment\n@|"},
    {"cat <<A; cat <<B\nEOF\nA\n{{x}}\nB\nprintf '%s|' '{{x}}'", "EOF\n@\n@|"},
    {"printf '%s|' $((1 << 2)) {{x}}", "4|@|"},
    {"printf '%s|' $(((1 + 1) << 2)) '{{x}}'", "8|@|"},
    {"printf '%s|' \"$#\" {{x}}", "1|@|"},
};

TEST_F(StepsInAShellTest, NoValueIsExecutedAndEachArrivesWhole) {
  for (const char* shell : {"sh", "bash"}) {
    for (const Place& place : kPlaces) {
      for (const std::string& value : kHostile) {
        Values values;
        values.set("x", {value}, false);
        values.set("extra", {}, true);
        std::string expected;
        for (const char c : place.output) expected += c == '@' ? value : std::string(1, c);
        EXPECT_EQ(run(shell, place.script, values), expected) << shell << ": " << place.script;
      }
    }
  }
}

TEST_F(StepsInAShellTest, BashKnowsEscapesInQuotesBehindADollar) {
  const Place places[] = {
      {R"(printf '%s|' $'it\'s {{x}}')", "it's @|"},       {R"(printf '%s|' $'a\\' '{{x}}')", "a\\|@|"},
      {R"(printf '%s|' "$'"{{x}}'b')", "$'@b|"},           {R"(printf '%s|' \$'\'{{x}})", "$\\@|"},
      {R"(n=$$'\'; printf '%s|' "${n#$$}"{{x}})", "\\@|"}, {R"(printf '%s|' "$'{{x}}'")", "$'@'|"},
  };
  for (const Place& place : places) {
    for (const std::string& value : kHostile) {
      Values values;
      values.set("x", {value}, false);
      std::string expected;
      for (const char c : place.output) expected += c == '@' ? value : std::string(1, c);
      EXPECT_EQ(run("bash", place.script, values), expected) << place.script;
    }
  }
}

TEST_F(StepsInAShellTest, EachWordOfAListArrivesWhole) {
  Values values;
  values.set("x", kHostile, true);
  values.set("extra", {}, true);
  std::string each, joined;
  for (const std::string& value : kHostile) {
    each += value + "|";
    joined += (&value == &kHostile.front() ? "" : " ") + value;
  }
  for (const char* shell : {"sh", "bash"}) {
    EXPECT_EQ(run(shell, "printf '%s|' {{x}}", values), each);
    EXPECT_EQ(run(shell, "printf '%s|' \"{{x}}\"", values), joined + "|");
    EXPECT_EQ(run(shell, "printf '%s|' '{{x}}'", values), joined + "|");
  }
}

TEST_F(StepsInAShellTest, AValueBesideAHashIsNoComment) {
  Values values;
  values.set("x", {"a  *"}, false);
  values.set("extra", {}, true);
  for (const char* shell : {"sh", "bash"}) {
    EXPECT_EQ(run(shell, "printf '%s|' {{x}}#{{x}} '{{x}}'", values), "a  *#a  *|a  *|");
  }
}

TEST_F(StepsInAShellTest, CountsWithAValue) {
  Values values;
  values.set("x", {"20"}, false);
  values.set("extra", {}, true);
  for (const char* shell : {"sh", "bash"})
    EXPECT_EQ(run(shell, "echo $(( ({{x}} + 1) * 2 ))", values), "42\n");
}

TEST_F(StepsInAShellTest, AnEmptyListIsNoWord) {
  Values values;
  values.set("x", {}, true);
  values.set("extra", {}, true);
  EXPECT_EQ(run("sh", "printf '%s|' a {{x}} b \"{{x}}\" '{{x}}'", values), "a|b|||");
}

TEST_F(StepsInAShellTest, MoreThanNineValuesAreToldApart) {
  Values values;
  values.set("x", {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}, true);
  values.set("extra", {"13"}, true);
  EXPECT_EQ(run("sh", "printf '%s|' {{x}}", values), "1|2|3|4|5|6|7|8|9|10|11|12|13|");
}

TEST_F(StepsInAShellTest, StopsAtTheFirstFailureAndAtUnknownVariables) {
  Values values;
  values.set("extra", {}, true);
  EXPECT_EQ(run("sh", "echo a; false; echo b", values), "a\n(exit status 1)");
  EXPECT_EQ(run("sh", "false | echo a", values), "a\n");
  EXPECT_EQ(run("bash", "exit 3 | echo a", values), "a\n(exit status 3)");
  EXPECT_NE(run("sh", "echo \"$none\"", values).find("(exit status"), std::string::npos);
}

}  // namespace
}  // namespace devtask
