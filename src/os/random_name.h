// Words that nobody can guess, and that nobody else uses.
#pragma once

#include <string>

#include "base/result.h"

namespace devtask {

Result<std::string> random_name();  // 32 lower-case hexadecimal digits

}  // namespace devtask
