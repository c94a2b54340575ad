// Text with `{{name}}` placeholders. `{{{{` is a literal `{{`. `${…}` is not ours and is left alone.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/result.h"

namespace devtask {

class Template {
 public:
  struct Part {
    bool placeholder = false;
    std::string text;        // literal text, or the placeholder's name
    std::size_t offset = 0;  // byte offset in the source text
  };

  Template() = default;
  // Errors: `{{` without `}}`, a name that is not [A-Za-z_][A-Za-z0-9_-]* (blanks around it are allowed).
  static Result<Template> parse(std::string_view text);

  const std::vector<Part>& parts() const { return parts_; }
  // The name, if the whole text is one placeholder; else empty.
  std::string_view sole_placeholder() const;
  std::string expand(const std::function<std::string(std::string_view name)>& value) const;

 private:
  std::vector<Part> parts_;

  DEVTASK_PRIVATE_FIELDS(Part, placeholder, text, offset)
  DEVTASK_PRIVATE_FIELDS(Template, parts)
};

}  // namespace devtask
