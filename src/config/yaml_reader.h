// YAML text to the tree of values that TOML is read to: every scalar is a string, what is null or empty is an
// empty one, aliases and `<<` are followed. The only file that knows yaml-cpp is yaml_reader.cpp.
// Unaware of: what the keys mean.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/source.h"
#include "config/toml_value.h"

namespace devtask {

// The first document of `file`. YAML stops at the first mistake, so there is one diagnostic, with its place.
Result<TomlValue> parse_yaml(const std::shared_ptr<const SourceFile>& file);

}  // namespace devtask
