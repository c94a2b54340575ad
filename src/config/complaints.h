// Collects every mistake of a configuration, so that all are reported in one go.
// Unaware of: what is being read.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/diagnostic.h"

namespace devtask {

class Complaints {
 public:
  void add(Diagnostic diagnostic) {
    has_error_ = has_error_ || diagnostic.severity == Severity::kError;
    diagnostics_.push_back(std::move(diagnostic));
  }
  bool has_error() const { return has_error_; }

  // By file in the order of `files`, then by place; those without a place first.
  std::vector<Diagnostic> sorted(std::span<const std::shared_ptr<const SourceFile>> files) const;

 private:
  std::vector<Diagnostic> diagnostics_;
  bool has_error_ = false;
};

}  // namespace devtask
