// A TOML document as a tree that keeps the order of the file and the place of every key and value.
// Unaware of: the TOML library (toml_reader.cpp alone knows it), what the keys mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace devtask {

// As in Span: lines and columns count from 1, columns and length count bytes. A value of several lines ends,
// for our purpose, with its first line.
struct TomlPlace {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t length = 1;
};

struct TomlEntry;
struct TomlValue;
using TomlArray = std::vector<TomlValue>;
using TomlTable = std::vector<TomlEntry>;  // in the order of the file

struct TomlFloat {};  // no key of ours takes one
struct TomlDate {};   // a date, a time or both

struct TomlValue {
  std::variant<TomlFloat, TomlDate, std::string, std::int64_t, bool, TomlArray, TomlTable> data;
  TomlPlace place;

  const std::string* as_string() const { return std::get_if<std::string>(&data); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data); }
  const bool* as_bool() const { return std::get_if<bool>(&data); }
  const TomlArray* as_array() const { return std::get_if<TomlArray>(&data); }
  const TomlTable* as_table() const { return std::get_if<TomlTable>(&data); }
  // "a string", "an integer", … for messages.
  std::string_view kind_name() const;
};

struct TomlEntry {
  std::string key;
  TomlPlace key_place;
  TomlValue value;
};

}  // namespace devtask
