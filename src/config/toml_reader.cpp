#include "config/toml_reader.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace devtask {
namespace {

// toml++ counts columns in characters, we count them in bytes.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
      starts_.push_back(at + 1);
    }
    ascii_ = std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<signed char>(byte) >= 0; });
  }

  // Without the newline; empty if there is no such line.
  std::string_view line(std::uint32_t number) const {
    if (number == 0 || number > starts_.size()) return {};
    const std::size_t start = starts_[number - 1];
    const std::size_t end = number < starts_.size() ? starts_[number] - 1 : text_.size();
    return text_.substr(start, end - start);
  }

  TomlPlace place(const toml::source_region& region) const {
    TomlPlace place{region.begin.line, byte_column(region.begin), 1};
    const std::uint32_t end = region.end.line == region.begin.line
                                  ? byte_column(region.end)
                                  : static_cast<std::uint32_t>(line(region.begin.line).size()) + 1;
    if (end > place.column) place.length = end - place.column;
    return place;
  }

 private:
  std::uint32_t byte_column(toml::source_position position) const {
    if (ascii_) return position.column;
    const std::string_view text = line(position.line);
    std::uint32_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && ++characters == position.column) {
        return static_cast<std::uint32_t>(i) + 1;
      }
    }
    return static_cast<std::uint32_t>(text.size()) + (position.column - characters);
  }

  std::string_view text_;
  std::vector<std::size_t> starts_;
  bool ascii_ = true;
};

bool comes_before(const TomlPlace& a, const TomlPlace& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

class Converter {
 public:
  explicit Converter(const Lines& lines) : lines_(lines) {}

  TomlTable table(toml::table& source) const {
    TomlTable entries;
    entries.reserve(source.size());
    bool sorted = true;
    for (auto&& [key, node] : source) {
      const TomlPlace place = lines_.place(key.source());
      sorted = sorted && (entries.empty() || comes_before(entries.back().key_place, place));
      entries.push_back({std::string(key.str()), place, value(node)});
    }
    if (!sorted) {  // toml++ keeps a table sorted by name
      std::sort(entries.begin(), entries.end(),
                [](const TomlEntry& a, const TomlEntry& b) { return comes_before(a.key_place, b.key_place); });
    }
    return entries;
  }

 private:
  TomlValue value(toml::node& node) const {
    TomlValue result;
    result.place = lines_.place(node.source());
    switch (node.type()) {
      case toml::node_type::table: result.data = table(*node.as_table()); break;
      case toml::node_type::array: {
        TomlArray items;
        items.reserve(node.as_array()->size());
        for (toml::node& item : *node.as_array()) items.push_back(value(item));
        result.data = std::move(items);
        break;
      }
      case toml::node_type::string: result.data = std::move(node.as_string()->get()); break;
      case toml::node_type::integer: result.data = node.as_integer()->get(); break;
      case toml::node_type::boolean: result.data = node.as_boolean()->get(); break;
      case toml::node_type::floating_point: result.data = TomlFloat{}; break;
      default: result.data = TomlDate{}; break;
    }
    return result;
  }

  const Lines& lines_;
};

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The `tasks.x` of a line `[tasks.x]  # …`, else empty.
std::string_view header_of(std::string_view line) {
  line = trim(line);
  const std::size_t close = line.find(']');
  if (!line.starts_with('[') || line.starts_with("[[") || close == std::string_view::npos) return {};
  return trim(line.substr(1, close - 1));
}

// The most common mistake of this kind deserves to name both places: a table written twice.
std::optional<Diagnostic> written_twice(const Lines& lines, const SourceFile& file, std::uint32_t number) {
  const std::string_view header = header_of(lines.line(number));
  if (header.empty()) return std::nullopt;
  for (std::uint32_t earlier = 1; earlier < number; ++earlier) {
    if (header_of(lines.line(earlier)) != header) continue;
    constexpr std::string_view kTasks = "tasks.";
    const bool task = header.starts_with(kTasks) && header.find('.', kTasks.size()) == std::string_view::npos;
    Diagnostic twice = task ? error("task `{}` is defined twice", header.substr(kTasks.size()))
                            : error("the table `[{}]` is written twice", header);
    return std::move(twice).note(fmt::format("the first one is at {}:{}", file.path, earlier));
  }
  return std::nullopt;
}

Diagnostic syntax_error(const toml::parse_error& problem, const Lines& lines,
                        const std::shared_ptr<const SourceFile>& file) {
  const TomlPlace place = lines.place(problem.source());
  const Span span{file, place.line, place.column, place.length};
  std::string_view text = problem.description();
  if (text.find("cannot redefine") != std::string_view::npos) {
    if (auto twice = written_twice(lines, *file, place.line)) {
      const std::string_view line = lines.line(place.line);
      const auto length = static_cast<std::uint32_t>(trim(line.substr(0, line.find(']') + 1)).size());
      return std::move(*twice).at({file, place.line, place.column, length});
    }
  }
  constexpr std::string_view kPrefix = "Error while parsing ";
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  std::string message(text);
  if (message.empty()) message = "unknown problem";
  message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  std::replace(message.begin(), message.end(), '\n', ' ');
  return error("not valid TOML: {}", message).at(span);
}

}  // namespace

std::string_view TomlValue::kind_name() const {
  constexpr std::string_view kNames[] = {"a number with a fraction", "a date", "a string", "an integer",
                                         "a boolean",                "a list", "a table"};
  return kNames[data.index()];
}

Result<TomlTable> parse_toml(const std::shared_ptr<const SourceFile>& file) {
  const Lines lines(file->text);
  toml::parse_result parsed = toml::parse(std::string_view(file->text));
  if (!parsed) return failure(syntax_error(parsed.error(), lines, file));
  return Converter(lines).table(parsed.table());
}

}  // namespace devtask
