// What machine this is.
#pragma once

#include <string>

namespace devtask {

std::string machine_name();  // kernel and architecture: "linux x86_64"
std::string user_home();     // $HOME, else the password database's, else ""

// For a program that allocates much at its start and then ends: memory is asked for in few, large pieces.
void prefer_few_allocations();

}  // namespace devtask
