// Where things are in `.devtask`, the state of one checkout.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace devtask {

struct StateFolder {
  std::string path;  // absolute

  explicit StateFolder(const std::string& root) : path(root + "/.devtask") {}
  std::string journal() const { return path + "/journal"; }
  std::string memo() const { return path + "/memo"; }
  std::string out(const std::string& id) const { return path + "/out/" + id; }
  std::string lock(const std::string& id) const { return path + "/locks/" + id; }
  std::string slots() const { return path + "/slots"; }
  std::string project() const { return path + "/project"; }
  std::string log(const std::string& id) const { return path + "/logs/" + id; }
  std::string units() const { return path + "/units"; }
  std::string plugins() const { return path + "/plugins"; }
  std::string report(const std::string& name) const { return path + "/reports/" + name; }
  std::string scratch(const std::string& name) const { return path + "/scratch/" + name; }
  std::string staged() const { return path + "/staged"; }
  std::string staged_lock() const { return path + "/staged.lock"; }
  std::string commits() const { return path + "/commits"; }
  std::string seals() const { return path + "/seals"; }
  std::string runs() const { return path + "/runs"; }
  std::string aside(const std::string& id) const { return path + "/aside/" + id; }

  // Makes the folder, the folders in it and its .gitignore, if they are missing. Mode 0700, whatever it was.
  Result<void> create() const;
  // Fails if something is there that is not this user's own folder: what is in it is not to be believed. Also
  // if its journal cannot be one: no task could be committed.
  Result<void> check() const;
};

// "test#0" is the first of the processes that share the units of `test`: no task's id has this character.
inline constexpr char kBatchMark = '#';
inline std::string batch_id(const std::string& id, std::size_t batch) {
  return id + kBatchMark + std::to_string(batch);
}

// Relative to the project root, as Ninja sees it.
inline constexpr char kStateName[] = ".devtask";

}  // namespace devtask
