#include "report/junit.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstdint>
#include <pugixml.hpp>

namespace devtask {
namespace {

using Outcome = TestCase::Outcome;

constexpr const char* kComplete = "devtask.complete";
constexpr const char* kNotFound = "devtask.not-found";

// ---- text

bool is_plain(unsigned char byte) { return (byte >= 0x20 && byte < 0x80) || byte == '\n' || byte == '\t'; }

// UTF-8 of characters that XML 1.0 allows.
std::string tidy(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string result;
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (length <= 0 || code == 0xfffe || code == 0xffff) {
      result += "\xef\xbf\xbd";
    } else if (code == '\r') {  // as every XML parser reads the end of a line
      if (!text.substr(1).starts_with('\n')) result += '\n';
    } else if (code < 0x20 && code != '\n' && code != '\t') {
      result += fmt::format("#x{:02X}", code);
    } else {
      result += text.substr(0, static_cast<std::size_t>(length));
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<utf8proc_ssize_t>(length, 1)));
  }
  return result;
}

std::string_view first_line(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of("\r\n"), text.size());
  text.remove_prefix(start);
  return text.substr(0, text.find_first_of("\r\n"));
}

// GoogleTest has the place in a line of its own before what happened there.
std::string_view without_place(std::string_view text, std::string_view file) {
  const std::string_view line = first_line(text);
  const bool place = !file.empty() && line.starts_with(file) && line.substr(file.size()).starts_with(':') &&
                     line.find_first_not_of("0123456789", file.size() + 1) == std::string_view::npos;
  return place && line.size() < text.size() ? text.substr(line.size()) : text;
}

// ---- reading

std::string attribute(pugi::xml_node node, const char* name) { return tidy(node.attribute(name).value()); }

std::string text_of(pugi::xml_node node) {
  std::string text;
  for (const pugi::xml_node part : node.children()) text += part.value();  // CDATA may come in several
  return tidy(text);
}

template <class T>
T number(pugi::xml_attribute attribute, T otherwise) {
  const std::string_view text = attribute.value();
  T value = otherwise;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} ? value : otherwise;
}

std::chrono::microseconds seconds(pugi::xml_attribute attribute) {
  constexpr double kLongest = 1e9;  // more is no duration
  const double value = number(attribute, 0.0);
  if (!(value > 0 && value <= kLongest)) return std::chrono::microseconds(0);
  return std::chrono::microseconds(std::llround(value * 1e6));
}

// GoogleTest and CTest say of a disabled test only that it did not run.
bool is_disabled(pugi::xml_node node) {
  const std::string_view status = node.attribute("status").value();
  return status == "notrun" || status == "disabled";
}

// CTest takes a test that it could not start for skipped, too; one that skipped itself has a property's name.
bool could_not_start(pugi::xml_node node, std::string_view reason) {
  return std::string_view(node.attribute("status").value()) == "notrun" && !reason.starts_with("SKIP_");
}

// What went wrong in `node`, or why it did not run, into `test`.
void read_outcome(pugi::xml_node node, TestCase& test) {
  const auto note = [&](pugi::xml_node reason) {
    const pugi::xml_attribute message = reason.attribute("message");
    test.message = first_line(without_place(message ? tidy(message.value()) : text_of(reason), test.file));
  };
  for (const pugi::xml_node child : node.children()) {
    const std::string_view kind = child.name();
    if (kind != "failure" && kind != "error") continue;
    const bool first = test.outcome == Outcome::kPassed;
    if (first) note(child);
    // A test that failed and could not be cleaned up either has failed.
    if (first || kind == "failure") test.outcome = kind == "failure" ? Outcome::kFailed : Outcome::kError;
    test.detail += (first ? "" : "\n") + text_of(child);
  }
  if (test.outcome != Outcome::kPassed) {
    // CTest has nothing but what the test wrote.
    if (test.detail.empty() && test.message.empty()) test.detail = text_of(node.child("system-out"));
    return;
  }
  if (const pugi::xml_node skipped = node.child("skipped")) {
    const std::string_view type = skipped.attribute("type").value();
    test.outcome = type == "pytest.xfail" ? Outcome::kExpectedFailure : Outcome::kSkipped;
    note(skipped);
    if (could_not_start(node, test.message)) test.outcome = Outcome::kError;
  } else if (is_disabled(node)) {
    test.outcome = Outcome::kSkipped;
  }
}

// pytest itself counts lines from 0. Its suite names the host, ours does not.
bool counts_lines_from_zero(pugi::xml_node suite) {
  return std::string_view(suite.attribute("name").value()) == "pytest" && suite.attribute("hostname");
}

TestCase read_case(pugi::xml_node node) {
  const pugi::xml_node suite = node.parent();
  TestCase test;
  test.suite = attribute(suite, "name");
  test.classname = attribute(node, "classname");
  test.name = attribute(node, "name");
  test.file = attribute(node, "file");
  const int first_line = counts_lines_from_zero(suite) ? 0 : 1;
  const int line = number(node.attribute("line"), -1);
  if (line >= first_line && line < INT_MAX) test.line = line + 1 - first_line;
  test.duration = seconds(node.attribute("time"));
  read_outcome(node, test);
  return test;
}

// A suite with more failures by its count than tests that failed is not to be believed.
bool counts_more_failures(pugi::xml_node suite) {
  std::size_t bad = 0;
  for (const pugi::xml_node child : suite.children()) {
    if (std::string_view(child.name()) == "testsuite") return false;  // it sums up others
    for (const pugi::xml_node part : child.children()) {
      const std::string_view kind = part.name();
      if (kind == "failure" || kind == "error") ++bad;
    }
  }
  return number(suite.attribute("failures"), std::size_t{0}) +
             number(suite.attribute("errors"), std::size_t{0}) >
         bad;
}

// Not by recursion: how deep the suites are is up to the text.
struct Reader : pugi::xml_tree_walker {
  JUnitReport report;

  bool for_each(pugi::xml_node& node) override {
    const std::string_view name = node.name();
    if (name == "testsuite") {
      report.suites.push_back(attribute(node, "name"));
      if (counts_more_failures(node)) report.complete = false;
    }
    if (name == "testcase") report.cases.push_back(read_case(node));
    if (name == "property") {
      const std::string_view property = node.attribute("name").value(),
                             value = node.attribute("value").value();
      if (property == kComplete && value == "false") report.complete = false;
      if (property == kNotFound && value == "true") report.not_found = true;
    }
    return true;
  }
};

tl::unexpected<Diagnostic> broken(std::string_view xml, std::string_view what, std::ptrdiff_t offset) {
  const std::string_view before =
      xml.substr(0, static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(offset, 0, std::ssize(xml))));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return failure("not a JUnit report: {} at line {}, column {}", what, line, before.size() - start + 1);
}

std::string lower_case_start(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// ---- writing

struct StringWriter : pugi::xml_writer {
  std::string text;
  void write(const void* bytes, std::size_t size) override {
    text.append(static_cast<const char*>(bytes), size);
  }
};

std::string to_text(const pugi::xml_document& document) {
  StringWriter writer;
  document.save(writer, " ");
  return std::move(writer.text);
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name) = tidy(value).c_str();
}
void set_unless_empty(pugi::xml_node node, const char* name, std::string_view value) {
  if (!value.empty()) set(node, name, value);
}
void set(pugi::xml_node node, const char* name, std::chrono::microseconds value) {
  constexpr std::int64_t kSecond = 1'000'000;
  set(node, name, fmt::format("{}.{:06}", value.count() / kSecond, value.count() % kSecond));
}

struct Totals {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  std::chrono::microseconds time{0};

  void add(const std::vector<TestCase>& cases) {
    for (const TestCase& test : cases) {
      ++tests;
      failures += test.outcome == Outcome::kFailed;
      errors += test.outcome == Outcome::kError;
      skipped += test.outcome == Outcome::kSkipped || test.outcome == Outcome::kExpectedFailure;
      time += test.duration;
    }
  }
  void set_on(pugi::xml_node node) const {
    set(node, "tests", std::to_string(tests));
    set(node, "failures", std::to_string(failures));
    set(node, "errors", std::to_string(errors));
    set(node, "skipped", std::to_string(skipped));
    set(node, "time", time);
  }
};

void write_outcome(pugi::xml_node node, const TestCase& test) {
  switch (test.outcome) {
    case Outcome::kPassed:
      return;
    case Outcome::kFailed:
    case Outcome::kError: {
      pugi::xml_node reason = node.append_child(test.outcome == Outcome::kFailed ? "failure" : "error");
      set(reason, "message", test.message);
      if (!test.detail.empty()) reason.append_child(pugi::node_pcdata).set_value(tidy(test.detail).c_str());
      return;
    }
    case Outcome::kSkipped:
    case Outcome::kExpectedFailure: {
      pugi::xml_node reason = node.append_child("skipped");
      if (test.outcome == Outcome::kExpectedFailure) set(reason, "type", "pytest.xfail");
      set(reason, "message", test.message);
      return;
    }
  }
}

void write_suite(pugi::xml_node parent, std::string_view name, const std::vector<TestCase>& cases,
                 bool complete) {
  pugi::xml_node suite = parent.append_child("testsuite");
  set(suite, "name", name);
  Totals totals;
  totals.add(cases);
  totals.set_on(suite);
  if (!complete) {
    pugi::xml_node property = suite.append_child("properties").append_child("property");
    set(property, "name", kComplete);
    set(property, "value", "false");
  }
  for (const TestCase& test : cases) {
    pugi::xml_node node = suite.append_child("testcase");
    set_unless_empty(node, "classname", test.classname);
    set(node, "name", test.name);
    set_unless_empty(node, "file", test.file);
    if (test.line > 0) set(node, "line", std::to_string(test.line));
    set(node, "time", test.duration);
    write_outcome(node, test);
  }
}

}  // namespace

Result<JUnitReport> read_junit(std::string_view xml) {
  if (xml.empty()) return failure("not a JUnit report: it is empty");
  pugi::xml_document document;
  // Blanks that are all of a failure's text are kept, and lines in attributes (vitest writes them as they
  // are).
  constexpr unsigned kOptions =
      (pugi::parse_default | pugi::parse_ws_pcdata_single) & ~pugi::parse_wconv_attribute;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size(), kOptions);
  if (!parsed) return broken(xml, lower_case_start(parsed.description()), parsed.offset);
  const pugi::xml_node root = document.document_element();
  const std::string_view name = root.name();
  if (name != "testsuites" && name != "testsuite") {
    return broken(xml, fmt::format("expected `<testsuites>` or `<testsuite>`, found `<{}>`", tidy(name)),
                  root.offset_debug() - 1);
  }
  Reader reader;
  document.traverse(reader);
  return std::move(reader.report);
}

std::string write_junit(std::string_view name, const std::vector<TestCase>& cases) {
  pugi::xml_document document;
  write_suite(document, name, cases, true);
  return to_text(document);
}

std::string merge_junit(const std::vector<std::pair<std::string, JUnitReport>>& suites) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("testsuites");
  Totals totals;
  for (const auto& [name, report] : suites) totals.add(report.cases);
  totals.set_on(root);
  for (const auto& [name, report] : suites) write_suite(root, name, report.cases, report.complete);
  return to_text(document);
}

}  // namespace devtask
