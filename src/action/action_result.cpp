#include "action/action_result.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "action/escaped_text.h"

namespace devtask {
namespace {

using Kind = OutputEntry::Kind;

constexpr std::string_view kHeader = "devtask-result 1\n";
constexpr std::size_t kHexLength = 64;

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

// Four octal digits and a blank, as chmod takes them.
void append_mode(std::string& text, std::uint32_t mode) {
  for (const unsigned shift : {9U, 6U, 3U, 0U}) text += static_cast<char>('0' + ((mode >> shift) & 7U));
  text += ' ';
}

void append_entry(std::string& text, const OutputEntry& entry) {
  switch (entry.kind) {
    case Kind::kFile:
    case Kind::kCreate:
      text += entry.kind == Kind::kFile ? "file " : "create ";
      append_mode(text, entry.mode);
      entry.digest.append_hex(text);
      text += ' ';
      append_number(text, entry.size);
      text += ' ';
      break;
    case Kind::kLink:
      text += "link ";
      append_escaped(text, entry.target);
      text += '\t';
      break;
    case Kind::kDir:
      text += "dir ";
      append_mode(text, entry.mode);
      break;
  }
  append_escaped(text, entry.path);
  text += '\n';
}

bool by_path(const OutputEntry& a, const OutputEntry& b) { return a.path < b.path; }

// Runs `append` on the outputs in order of their paths.
template <class Append>
void each_in_order(const std::vector<OutputEntry>& outputs, Append append) {
  if (std::is_sorted(outputs.begin(), outputs.end(), by_path)) {
    for (const OutputEntry& entry : outputs) append(entry);
    return;
  }
  std::vector<const OutputEntry*> order;
  order.reserve(outputs.size());
  for (const OutputEntry& entry : outputs) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return by_path(*a, *b); });
  for (const OutputEntry* entry : order) append(*entry);
}

// Reads a text from its beginning. Once something is not as expected, `ok` stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t bytes_left() const { return rest_.size(); }

  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  void expect(std::string_view prefix) { check(take(prefix)); }

  // Up to `end`, which is consumed too.
  std::string_view until(char end) {
    const std::size_t length = rest_.find(end);
    if (length == std::string_view::npos) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    return word;
  }

  template <class Number>
  Number number(char end, int base = 10) {
    Number value{};
    const char* const limit = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data(), limit, value, base);
    if (error != std::errc() || stop == limit || *stop != end) {
      ok_ = false;
      return {};
    }
    rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()) + 1);
    return value;
  }

  Digest digest(char end) {
    if (rest_.size() <= kHexLength || rest_[kHexLength] != end) {
      ok_ = false;
      return {};
    }
    const auto digest = Digest::from_hex(rest_.substr(0, kHexLength));
    rest_.remove_prefix(kHexLength + 1);
    check(digest.has_value());
    return digest.value_or(Digest{});
  }

  // No result has others.
  std::uint32_t mode() {
    const auto value = number<std::uint32_t>(' ', 8);
    check(value == 0644U || value == 0755U);
    return value;
  }

  std::string escaped(char end) {
    const std::string_view word = until(end);
    if (is_plain(word)) return std::string(word);
    auto bytes = unescape_line(word);
    check(bytes.has_value());
    return std::move(bytes).value_or(std::string());
  }

  std::string path() {
    std::string bytes = escaped('\n');
    check(is_safe_relative_path(bytes));
    return bytes;
  }

  void check(bool holds) { ok_ = ok_ && holds; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void read_entry(Reader& reader, OutputEntry& entry) {
  entry.kept = reader.take("kept ");
  const bool create = !entry.kept && reader.take("create ");
  if (create || reader.take("file ")) {
    entry.kind = create ? Kind::kCreate : Kind::kFile;
    entry.mode = reader.mode();
    entry.digest = reader.digest(' ');
    entry.size = reader.number<std::uint64_t>(' ');
  } else if (reader.take("link ")) {
    entry.kind = Kind::kLink;
    entry.target = reader.escaped('\t');
    reader.check(!entry.target.empty());
  } else {
    reader.expect("dir ");
    entry.kind = Kind::kDir;
    entry.mode = reader.mode();
  }
  entry.path = reader.path();
}

// `outputs` are sorted.
bool leads_through_own_link(const std::vector<OutputEntry>& outputs) {
  return std::any_of(outputs.begin(), outputs.end(), [&](const OutputEntry& link) {
    if (link.kind != Kind::kLink) return false;
    const std::string below = link.path + '/';
    const auto next =
        std::lower_bound(outputs.begin(), outputs.end(), below,
                         [](const OutputEntry& entry, const std::string& path) { return entry.path < path; });
    return next != outputs.end() && next->path.starts_with(below);
  });
}

}  // namespace

Digest ActionResult::outputs_digest() const {
  std::string text;
  text.reserve(outputs.size() * 128);
  each_in_order(outputs, [&](const OutputEntry& entry) {
    if (entry.kind != Kind::kCreate) append_entry(text, entry);
  });
  return sha256(text);
}

const OutputEntry* find_output(const std::vector<OutputEntry>& outputs, std::string_view path) {
  const auto found = std::ranges::lower_bound(outputs, path, std::less<>(), &OutputEntry::path);
  return found != outputs.end() && found->path == path ? &*found : nullptr;
}

std::string to_text(const ActionResult& result) {
  std::string text;
  text.reserve(256 + result.outputs.size() * 128);
  text += kHeader;
  text += "exit " + std::to_string(result.exit_status);
  text += "\nduration-ms " + std::to_string(result.duration.count());
  text += '\n';
  if (result.log) {
    text += "log ";
    result.log->append_hex(text);
    text += '\n';
  }
  if (result.witness) {
    text += "witness ";
    result.witness->digest.append_hex(text);
    text += ' ';
    append_escaped(text, result.witness->path);
    text += '\n';
  }
  each_in_order(result.outputs, [&](const OutputEntry& entry) {
    if (entry.kept) text += "kept ";
    append_entry(text, entry);
  });
  return text;
}

Result<ActionResult> result_from_text(std::string_view text) {
  Reader reader(text);
  if (!reader.take(kHeader))
    return failure("the result of an action is of another version of devtask, or broken");
  ActionResult result;
  reader.expect("exit ");
  result.exit_status = reader.number<int>('\n');
  reader.expect("duration-ms ");
  result.duration = std::chrono::milliseconds(reader.number<std::int64_t>('\n'));
  if (reader.take("log ")) result.log = reader.digest('\n');
  if (reader.take("witness ")) {
    result.witness.emplace();
    result.witness->digest = reader.digest(' ');
    result.witness->path = reader.path();
  }
  constexpr std::size_t kUsualLine = 100;
  result.outputs.reserve(reader.bytes_left() / kUsualLine + 1);
  while (reader.ok() && !reader.at_end()) {
    read_entry(reader, result.outputs.emplace_back());
    const std::size_t count = result.outputs.size();
    reader.check(count < 2 || by_path(result.outputs[count - 2], result.outputs[count - 1]));
  }
  if (!reader.ok()) return failure("the result of an action is broken");
  if (leads_through_own_link(result.outputs))
    return failure("the result of an action has a path through one of its links");
  return result;
}

std::vector<Digest> blobs_of(const ActionResult& result) {
  std::vector<Digest> blobs;
  blobs.reserve(result.outputs.size() + 1);
  if (result.log) blobs.push_back(*result.log);
  for (const OutputEntry& entry : result.outputs) {
    if (entry.kind == Kind::kFile) blobs.push_back(entry.digest);
  }
  return blobs;
}

bool is_safe_relative_path(std::string_view path) {
  char previous = '/';
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char byte = path[i];
    if (byte == '\0') return false;
    if (previous == '/') {
      if (byte == '/') return false;
      if (byte == '.') {
        const std::string_view part = path.substr(i, path.find('/', i) - i);
        if (part == "." || part == "..") return false;
      }
    }
    previous = byte;
  }
  return previous != '/';
}

}  // namespace devtask
