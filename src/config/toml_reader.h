// TOML text to a tree of values. The only file that knows toml++ is toml_reader.cpp: it takes seconds to
// compile.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/source.h"
#include "config/toml_value.h"

namespace devtask {

// The root table of `file`. TOML stops at the first mistake, so there is one diagnostic, with its place.
Result<TomlTable> parse_toml(const std::shared_ptr<const SourceFile>& file);

}  // namespace devtask
