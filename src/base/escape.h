// File names are bytes; our text formats are lines. Backslash, control characters, space-free quoting of
// newline:
// `\\`, `\n`, `\t`, `\xHH` for other bytes below 0x20, 0x7f and bytes that are not valid UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devtask {

// Result has no newline and is valid UTF-8. unescape(escape(x)) == x.
std::string escape_line(std::string_view bytes);
// nullopt if an escape is malformed.
std::optional<std::string> unescape_line(std::string_view text);

// One word for a POSIX shell, quoted only where needed.
std::string shell_quote(std::string_view word);

}  // namespace devtask
