#include "config/table_reader.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "config/keys.h"
#include "config/messages.h"
#include "config/names.h"

namespace devtask {
namespace {

bool is_string_list(const TomlValue& value) {
  return value.as_array() != nullptr;
}  // items: checked one by one

bool has_type(const TomlValue& value, KeyType type) {
  switch (type) {
    case KeyType::kEdits:
      return (value.as_bool() != nullptr && *value.as_bool()) || is_string_list(value);
    case KeyType::kString:
    case KeyType::kUses:
    case KeyType::kCacheMode:
    case KeyType::kShell:
    case KeyType::kServer:
    case KeyType::kDuration:
      return value.as_string() != nullptr;
    case KeyType::kBool:
      return value.as_bool() != nullptr;
    case KeyType::kBoolOrList:
      return value.as_bool() != nullptr || is_string_list(value);
    case KeyType::kStringList:
    case KeyType::kArgs:
      return is_string_list(value);
    case KeyType::kStringOrList:
    case KeyType::kSteps:
      return value.as_string() != nullptr || is_string_list(value);
    case KeyType::kStringMap:
    case KeyType::kMatrix:
    case KeyType::kTools:
    case KeyType::kDialects:
    case KeyType::kTable:
      return value.as_table() != nullptr;
    case KeyType::kDepth:
      return value.as_integer() != nullptr;
  }
  return false;
}

// Offset of the first byte of a line, counted from 1.
std::size_t line_start(std::string_view text, std::uint32_t line) {
  std::size_t start = 0;
  for (std::uint32_t at = 1; at < line; ++at) {
    const std::size_t newline = text.find('\n', start);
    if (newline == std::string_view::npos) return text.size();
    start = newline + 1;
  }
  return start;
}

}  // namespace

Span FileReader::inside(const Span& string, std::size_t offset, std::size_t length) {
  const std::string_view text = string.file->text;
  const std::size_t start = line_start(text, string.line) + string.column - 1;
  const std::string_view raw = start < text.size() ? text.substr(start, string.length) : std::string_view();
  const bool long_quotes = raw.starts_with("\"\"\"") || raw.starts_with("'''");
  const bool escapes = raw.starts_with('"') && raw.find('\\') != std::string_view::npos;
  if (long_quotes || escapes || raw.size() < offset + length + 2) return string;
  Span span = string;
  span.column += static_cast<std::uint32_t>(1 + offset);
  span.length = static_cast<std::uint32_t>(std::max<std::size_t>(length, 1));
  return span;
}

bool FileReader::check_text(const std::string& text, const TomlPlace& place) const {
  if (text.find('\0') == std::string::npos) return true;
  complain(error("a NUL character cannot be part of a path, a name or a command").at(span(place)));
  return false;
}

TableReader::TableReader(const FileReader& file, TomlTable& table, std::string_view rows, std::string owner)
    : file_(file), rows_(rows), owner_(std::move(owner)) {
  fields_.reserve(table.size());
  for (TomlEntry& entry : table) {
    const bool right = check(entry);
    fields_.push_back({&entry, right});
  }
}

bool TableReader::check(const TomlEntry& entry) const {
  const KeyInfo* key = find_key(rows_, entry.key);
  if (key == nullptr) {
    const std::vector<std::string> known = key_names(rows_);
    std::string help = did_you_mean(entry.key, known);
    if (help.empty()) help = "known here: " + name_list(known);
    complain(error("unknown key `{}` in {}", shown(entry.key), owner_)
                 .at(file_.span(entry.key_place))
                 .advise(help));
    return false;
  }
  if (!has_type(entry.value, key->type)) {
    complain(error("{} must be {}, found {}", of(entry.key), expectation(key->type), entry.value.kind_name())
                 .at(file_.span(entry.value.place))
                 .advise(fmt::format("for example `{}`", key->example)));
    return false;
  }
  if (const std::string* text = entry.value.as_string()) return file_.check_text(*text, entry.value.place);
  return true;
}

std::string TableReader::of(std::string_view key) const { return fmt::format("`{}` of {}", key, owner_); }

const TableReader::Field* TableReader::find(std::string_view key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.entry->key == key; });
  return found == fields_.end() ? nullptr : &*found;
}

Span TableReader::key_place(std::string_view key) const {
  const Field* field = find(key);
  return field == nullptr ? Span{} : file_.span(field->entry->key_place);
}

TomlEntry* TableReader::get(std::string_view key) {
  const Field* field = find(key);
  return field != nullptr && field->right ? field->entry : nullptr;
}

std::optional<Placed<std::string>> TableReader::string(std::string_view key) {
  TomlEntry* entry = get(key);
  if (entry == nullptr) return std::nullopt;
  return Placed<std::string>{std::get<std::string>(std::move(entry->value.data)),
                             file_.span(entry->value.place)};
}

bool TableReader::flag(std::string_view key) {
  const TomlEntry* entry = get(key);
  return entry != nullptr && *entry->value.as_bool();
}

std::vector<Placed<std::string>> TableReader::strings(std::string_view key) {
  std::vector<Placed<std::string>> texts;
  TomlEntry* entry = get(key);
  if (entry == nullptr) return texts;
  auto& items = std::get<TomlArray>(entry->value.data);
  texts.reserve(items.size());
  for (TomlValue& item : items) {
    auto* text = std::get_if<std::string>(&item.data);
    if (text == nullptr) {
      complain(error("{} must be a list of strings, found {} in it", of(key), item.kind_name())
                   .at(file_.span(item.place)));
    } else if (file_.check_text(*text, item.place)) {
      texts.push_back({std::move(*text), file_.span(item.place)});
    }
  }
  return texts;
}

std::optional<std::string> TableReader::choice(std::string_view key, std::span<const std::string> choices) {
  auto text = string(key);
  if (!text) return std::nullopt;
  if (std::find(choices.begin(), choices.end(), text->value) != choices.end()) return text->value;
  complain(
      error("{} must be {}, found `{}`", of(key), expectation(find_key(rows_, key)->type), shown(text->value))
          .at(text->where)
          .advise(did_you_mean(text->value, choices)));
  return std::nullopt;
}

}  // namespace devtask
