// Replaces secret values in a stream of bytes by `***`, also where a value is cut by the end of a piece.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace devtask {

class SecretMask {
 public:
  // `secrets`: non-empty values, longest first.
  explicit SecretMask(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}

  // What can be shown by now. Bytes that may be the beginning of a secret are held back.
  std::string feed(std::string_view bytes);
  // The rest; the mask can be used again.
  std::string finish();

 private:
  // Takes from `held_` what can be shown: everything, or up to where a secret may begin.
  std::string take(bool all);

  std::vector<std::string> secrets_;
  std::string held_;
};

}  // namespace devtask
