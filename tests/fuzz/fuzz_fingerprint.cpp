// Fingerprints and how their difference is told. Two texts, cut by a line `====`: they are compared as they
// are, as a cache may hold anything, and as lists of facts `kind name=value`.
#include <algorithm>
#include <tuple>

#include "action/fingerprint.h"
#include "input.h"
#include "require.h"

namespace devtask {
namespace {

using Fact = std::tuple<std::string, std::string, std::string>;

bool is_kind(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

std::vector<Fact> facts_of(const std::string& text) {
  std::vector<Fact> facts;
  for (const std::string& line : split(text, "\n")) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string kind = line.substr(0, blank), rest = line.substr(std::min(blank + 1, line.size()));
    const std::size_t equals = std::min(rest.find('='), rest.size());
    facts.emplace_back(is_kind(kind) ? kind : "input", rest.substr(0, equals),
                       rest.substr(std::min(equals + 1, rest.size())));
  }
  return facts;
}

std::string text_of(const std::vector<Fact>& facts) {
  Fingerprint fingerprint;
  for (const auto& [kind, name, value] : facts) fingerprint.add(kind, name, value);
  return fingerprint.text();
}

void check_sentences(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const std::string sentence = change.sentence();
    require(!sentence.empty(), "a change is told");
    require(
        std::none_of(sentence.begin(), sentence.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
        "a change is told in one line without control characters", sentence);
  }
}

void check_texts(const std::string& before, const std::string& after) {
  const auto changes = explain(before, after);
  check_sentences(changes);
  require(explain(before, before).empty() && explain(after, after).empty(),
          "a text does not differ from itself");
  require(changes.empty() == explain(after, before).empty(), "a difference is one both ways");
}

// A name and a value that the text ends or cuts would give two tasks one key.
void check_facts(std::vector<Fact> before, std::vector<Fact> after) {
  const std::string old_text = text_of(before), new_text = text_of(after);
  std::reverse(before.begin(), before.end());
  require(text_of(before) == old_text, "the order in which facts come does not matter");
  const auto changes = explain(old_text, new_text);
  check_sentences(changes);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  require((before == after) == (old_text == new_text), "different facts give different texts",
          old_text + new_text);
  require((before == after) == changes.empty(), "different facts are told", old_text + new_text);
  for (const Change& change : changes) {
    const auto has = [&](const std::vector<Fact>& facts, const std::string& name, const std::string& value) {
      return std::binary_search(facts.begin(), facts.end(), Fact(change.kind, name, value));
    };
    const bool renamed = change.what == Change::What::kRenamed;
    if (change.what != Change::What::kAdded) {
      require(has(before, renamed ? change.old_name : change.name, change.before), "what is gone was there");
    }
    if (change.what != Change::What::kRemoved)
      require(has(after, change.name, change.after), "what came is there");
  }
}

void check(std::string_view text) {
  const auto halves = split(text, "====\n");
  check_texts(halves.front(), halves.back());
  check_facts(facts_of(halves.front()), facts_of(halves.back()));
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size).rest());
  return 0;
}
