// What plugin.h writes: the Python files as they were when devtask was built.
#pragma once

#include <span>
#include <string_view>

namespace devtask {

struct PluginFile {
  std::string_view path;  // below the plug-in's folder
  std::string_view text;
};

std::span<const PluginFile> plugin_files();
std::string_view plugin_files_digest();  // in hexadecimal, of paths and texts

}  // namespace devtask
