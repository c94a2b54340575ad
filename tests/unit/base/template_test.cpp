#include "base/template.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

// "text<name>", with the byte offset of each part: "0:text 4:<name>".
std::string parts(std::string_view text) {
  const auto parsed = Template::parse(text);
  if (!parsed) return render(parsed.error(), false);
  std::string shown;
  for (const Template::Part& part : parsed->parts()) {
    shown += fmt::format("{}{}:{}", shown.empty() ? "" : " ", part.offset,
                         part.placeholder ? "<" + part.text + ">" : part.text);
  }
  return shown;
}

TEST(TemplateTest, FindsPlaceholdersAndTheirPlaces) {
  const std::pair<std::string, std::string> table[] = {
      {"", ""},
      {"plain", "0:plain"},
      {"{{x}}", "0:<x>"},
      {"{{ x }}", "0:<x>"},
      {"a{{x}}b{{y-1}}", "0:a 1:<x> 6:b 7:<y-1>"},
      {"{{x}}{{y}}", "0:<x> 5:<y>"},
      {"${HOME} {x} }} {", "0:${HOME} {x} }} {"},
      {"{{{{x}}", "0:{{x}}"},
      {"{{{{{{x}}", "0:{{ 4:<x>"},
      {"${v:-{{x}}}", "0:${v:- 5:<x> 10:}"},
      {"ä{{_x}}", "0:ä 2:<_x>"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parts(text), expected) << text;
}

TEST(TemplateTest, SaysWhatIsWrong) {
  EXPECT_EQ(parts("a {{x"), "error: `{{` without `}}`\n  help: write `{{{{` for a literal `{{`\n");
  for (const char* name : {"", " ", "1x", "x y", "x.y", "{x", "-x", "ä"}) {
    EXPECT_EQ(parts(std::string("{{") + name + "}}"),
              fmt::format(
                  "error: `{}` is not the name of a placeholder\n"
                  "  help: a name has letters, digits, `_` and `-`; write `{{{{{{{{` for a literal `{{{{`\n",
                  std::string(name) == " " ? "" : name));
  }
}

TEST(TemplateTest, KnowsWhenItIsOnePlaceholder) {
  EXPECT_EQ(Template::parse("{{x}}")->sole_placeholder(), "x");
  for (const char* text : {"", "x", "{{x}} ", " {{x}}", "{{x}}{{x}}", "{{{{x}}"}) {
    EXPECT_EQ(Template::parse(text)->sole_placeholder(), "") << text;
  }
}

TEST(TemplateTest, PutsValuesInOnce) {
  const auto parsed = Template::parse("<{{a}}> {{b}} {{{{c}}");
  EXPECT_EQ(parsed->expand([](std::string_view name) { return "{{b}}" + std::string(name); }),
            "<{{b}}a> {{b}}b {{c}}");
}

}  // namespace
}  // namespace devtask
