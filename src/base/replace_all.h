// Every `old` in a text becomes `by`.
#pragma once

#include <string>
#include <string_view>

namespace devtask {

// What was put in is not looked at again. `old` is not empty.
void replace_all(std::string& text, std::string_view old, std::string_view by);

}  // namespace devtask
