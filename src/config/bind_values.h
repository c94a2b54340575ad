// Values that both [project] and tasks have: patterns, templates, environment variables.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/matrix.h"
#include "config/project.h"
#include "config/table_reader.h"

namespace devtask {

// The placeholders that may stand in a text. Not complete if `args` or `matrix` could not be read: unknown
// names are then let pass, because they may be in there.
struct Placeholders {
  std::vector<std::string> names;
  std::vector<std::string> lists;  // those of `names` that stand for several words
  bool complete = true;
  std::string_view advice = "only axes of a `matrix` can stand here";  // where there are no names
};

// All of these complain and leave the value out if it is wrong. `key` is the one that `text` is of.
std::optional<Template> bind_template(const TableReader& table, std::string_view key,
                                      const Placed<std::string>& text, const Placeholders& known);
std::map<std::string, Placed<Template>> bind_env(TableReader& table, const Placeholders& known);
std::vector<Placed<std::string>> bind_variable_patterns(TableReader& table, std::string_view key);

// A path (not a pattern) relative to the root, without a trailing slash.
std::optional<Placed<std::string>> bind_path(const TableReader& table, std::string_view key,
                                             std::string_view base, Placed<std::string> text);
// `axes` may stand in the patterns, `rows` are tried.
Patterns bind_patterns(TableReader& table, std::string_view key, std::string_view base,
                       const Placeholders& axes, const std::vector<MatrixRow>& rows);

}  // namespace devtask
