#include "report/unit_names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace devtask {
namespace {

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The path as it is, without its last extension, without any. A leading dot begins no extension.
std::array<std::string_view, 3> spellings(std::string_view path) {
  const std::size_t name = path.rfind('/') + 1;
  const auto up_to = [&](std::size_t dot) {
    return dot == std::string_view::npos || dot <= name ? path : path.substr(0, dot);
  };
  return {path, up_to(path.rfind('.')), up_to(path.find('.', name + 1))};
}

std::string normal(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

std::string joined(const std::string& folder, std::string_view path) {
  return folder.empty() ? std::string(path) : folder + "/" + std::string(path);
}

// `path` is `end`, or ends with it after a slash.
bool ends_with_path(std::string_view path, std::string_view end) {
  if (!path.ends_with(end)) return false;
  return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

std::string_view extension(std::string_view path) {
  const std::string_view name = last_part(path);
  return name.substr(std::min(name.rfind('.'), name.size()));
}

// `file` is one of the unit's sort, and another one. A source of the executable that the unit is, is not.
bool is_other(const std::string& file, std::string_view unit) {
  return !extension(unit).empty() && extension(file) == extension(unit) && !ends_with_path(unit, file) &&
         !ends_with_path(file, unit);
}

}  // namespace

UnitNames::UnitNames(std::vector<std::string> units, std::string root, std::string folder)
    : units_(std::move(units)), root_(std::move(root)), folder_(std::move(folder)) {
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    for (const std::string_view spelling : spellings(units_[unit])) {
      std::vector<std::size_t>& same = by_name_[last_part(spelling)];
      if (same.empty() || same.back() != unit) same.push_back(unit);
    }
  }
}

std::optional<std::size_t> UnitNames::find(const TestCase& test) const {
  // The name of a test in a class says nothing of its file. CTest has each in a class of the same name.
  const bool outside = test.classname.empty() || test.classname == test.name;
  for (const Match match : {Match::kWhole, Match::kEnd}) {
    for (const std::string* name : {&test.file, &test.suite, &test.classname, &test.name}) {
      if (name == &test.name && !outside) continue;
      const auto unit = find(*name, match);
      if (!unit) continue;
      // A suite is often called after no file. A class knows better than the file: its test may be inherited.
      const bool vague = name == &test.suite || name == &test.name;
      if (!vague || !is_other(normal(test.file), units_[*unit])) return unit;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> UnitNames::find(std::string_view name) const {
  const auto unit = find(name, Match::kWhole);
  return unit ? unit : find(name, Match::kEnd);
}

std::optional<std::size_t> UnitNames::find(std::string_view name, Match match) const {
  if (name.empty()) return std::nullopt;
  const auto unit = find_path(name, match);
  return unit ? unit : find_module(name, match);
}

std::optional<std::size_t> UnitNames::find_path(std::string_view path, Match match) const {
  if (path.starts_with('/')) {
    const std::string absolute = normal(std::string(path));
    if (match == Match::kEnd || !absolute.starts_with(root_ + "/")) return std::nullopt;
    return only_one(std::string_view(absolute).substr(root_.size() + 1), false, Match::kWhole);
  }
  const std::string plain = normal(std::string(path));
  if (match == Match::kEnd) return only_one(plain, false, Match::kEnd);
  const auto unit = only_one(normal(joined(folder_, path)), false, Match::kWhole);
  return unit ? unit : only_one(plain, false, Match::kWhole);
}

std::optional<std::size_t> UnitNames::find_module(std::string_view name, Match match) const {
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  std::string path(name);
  std::replace(path.begin(), path.end(), '.', '/');
  while (!path.empty()) {
    if (match == Match::kWhole) {
      if (const auto unit = only_one(joined(folder_, path), true, match)) return unit;
    }
    if (const auto unit = only_one(path, true, match)) return unit;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
  return std::nullopt;
}

std::optional<std::size_t> UnitNames::only_one(std::string_view path, bool module, Match match) const {
  const auto candidates = by_name_.find(last_part(path));
  if (candidates == by_name_.end()) return std::nullopt;
  std::optional<std::size_t> found;
  for (const std::size_t unit : candidates->second) {
    const auto names = spellings(units_[unit]);
    const bool whole_name_only = !module && match == Match::kWhole;
    const bool matches = std::any_of(
        names.begin(), whole_name_only ? names.begin() + 1 : names.end(), [&](std::string_view unit_path) {
          return match == Match::kWhole ? unit_path == path : ends_with_path(unit_path, path);
        });
    if (!matches) continue;
    if (found) return std::nullopt;
    found = unit;
  }
  return found;
}

}  // namespace devtask
