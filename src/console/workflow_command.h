// Workflow commands of GitHub Actions: lines of output that its runner understands.
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace devtask {

// "::NAME key=value,key=value::MESSAGE\n", escaped. Properties without value are left out.
std::string workflow_command(std::string_view name,
                             std::initializer_list<std::pair<std::string_view, std::string>> properties,
                             std::string_view message);

}  // namespace devtask
