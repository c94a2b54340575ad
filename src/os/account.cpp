#include "os/account.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace devtask {

Result<std::optional<Account>> unprivileged_account() {
  if (::geteuid() != 0) return std::nullopt;
  constexpr std::size_t kMost = 16 * 1024;
  std::vector<char> text(kMost);
  passwd entry{};
  passwd* user = nullptr;
  if (::getpwnam_r("nobody", &entry, text.data(), text.size(), &user) != 0 || user == nullptr)
    return failure("there is no user `nobody` as whom to run what must not run as root");
  return Account{user->pw_uid, user->pw_gid, user->pw_name};
}

Result<void> give_to(const std::string& path, const Account& account) {
  if (::lchown(path.c_str(), account.user, account.group) != 0)
    return failure("cannot give `{}` to the user `{}`: {}", path, account.name, std::strerror(errno));
  return {};
}

}  // namespace devtask
