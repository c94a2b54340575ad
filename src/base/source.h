// Places in text that a person wrote, so that a complaint can point at them.
// Unaware of: where the text came from, TOML.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace devtask {

// A file of configuration as it was read. Shared by every span that points into it.
struct SourceFile {
  std::string path;  // as shown to people, relative to the project root where possible
  std::string text;
};

// A place in a source file. Lines and columns count from 1, columns and length count bytes.
struct Span {
  std::shared_ptr<const SourceFile> file;  // null: no place is known
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;
};

// A value and the place it was written at.
template <class T>
struct Placed {
  T value{};
  Span where;
};

}  // namespace devtask
