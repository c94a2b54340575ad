// Which unit a test belongs to: runners name the file of a test in many ways.
// Unaware of: XML, the disk.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/test_case.h"

namespace devtask {

class UnitNames {
 public:
  // `units` are relative to `root`, an absolute path; `folder`, where the runner runs, is relative to `root`,
  // too ("" is the root).
  UnitNames(std::vector<std::string> units, std::string root, std::string folder);

  UnitNames(const UnitNames&) = delete;  // the index points into the units
  UnitNames& operator=(const UnitNames&) = delete;

  // Tried are the file, the suite, the class and, outside of a class, the name of `test`. Each may be the
  // unit's path (from `folder`, from `root` or absolute) or a dotted module and what is in it
  // ("tests.test_flows.TestX" is in tests/test_flows.py). Last, the end of a unit's path, with or without
  // extensions, that no other unit shares. nullopt: it is a test of something else, or of several; also if
  // only the suite or the name is that of a unit, and the file another one of its sort.
  std::optional<std::size_t> find(const TestCase& test) const;

  // The same for one name, for example that of the report's file.
  std::optional<std::size_t> find(std::string_view name) const;

 private:
  enum class Match { kWhole, kEnd };

  std::optional<std::size_t> find(std::string_view name, Match match) const;
  std::optional<std::size_t> find_path(std::string_view path, Match match) const;
  std::optional<std::size_t> find_module(std::string_view name, Match match) const;
  std::optional<std::size_t> only_one(std::string_view path, bool module, Match match) const;

  const std::vector<std::string> units_;
  const std::string root_, folder_;
  // By the last part of the path: whole, without its last extension, without any.
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_name_;
};

}  // namespace devtask
