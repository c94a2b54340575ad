// Typed access to one table of a TOML file, checked against the key table: unknown keys and wrong types are
// complained about once, at their place, and the caller sees only what is right. Unaware of: what the keys
// mean.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "config/complaints.h"
#include "config/toml_value.h"

namespace devtask {

// The file being read. Not owned things must outlive the readers made from it.
struct FileReader {
  std::shared_ptr<const SourceFile> file;
  Complaints* complaints = nullptr;

  void complain(Diagnostic diagnostic) const { complaints->add(std::move(diagnostic)); }
  Span span(const TomlPlace& place) const { return {file, place.line, place.column, place.length}; }
  // The place of bytes inside a string. The whole string where escapes or several lines hide it.
  static Span inside(const Span& string, std::size_t offset, std::size_t length);
  // False, with a complaint, if the text has a NUL byte: neither a path nor a command can.
  bool check_text(const std::string& text, const TomlPlace& place) const;
};

class TableReader {
 public:
  // `rows` names the rows of the key table; `owner` is how messages call the table: "task `x`".
  // Complains about unknown keys and wrong types at once. Reading moves strings out of `table`.
  TableReader(const FileReader& file, TomlTable& table, std::string_view rows, std::string owner);

  const FileReader& file() const { return file_; }
  const std::string& owner() const { return owner_; }
  std::string of(std::string_view key) const;  // "`inputs` of task `x`"

  bool written(std::string_view key) const { return find(key) != nullptr; }  // right or wrong
  Span key_place(std::string_view key) const;
  // Written and of the right type, else nullptr.
  TomlEntry* get(std::string_view key);

  std::optional<Placed<std::string>> string(std::string_view key);
  bool flag(std::string_view key);  // false if absent
  std::vector<Placed<std::string>> strings(std::string_view key);
  // One of `choices`.
  std::optional<std::string> choice(std::string_view key, std::span<const std::string> choices);

  void complain(Diagnostic diagnostic) const { file_.complain(std::move(diagnostic)); }

 private:
  struct Field {
    TomlEntry* entry;
    bool right;
  };
  const Field* find(std::string_view key) const;
  bool check(const TomlEntry& entry) const;

  FileReader file_;
  std::string_view rows_;
  std::string owner_;
  std::vector<Field> fields_;
};

}  // namespace devtask
