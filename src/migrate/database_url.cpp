#include "migrate/database_url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace devtask {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::array<std::string_view, 3> kSecretKeys = {"password", "sslpassword", "passwd"};

// "%41" is "A"; a '%' that begins nothing of that kind is itself.
std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned value = 0;
    const char* digits = text.data() + at + 1;
    if (text[at] == '%' && at + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(digits[0])) &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      decoded += static_cast<char>(value);
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

// In a query, '+' is a space.
std::string decode_query(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return decode(spaced);
}

std::string encode(std::string_view text, std::string_view plain) {
  std::string encoded;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || plain.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

// Of a text "DIALECT://REST".
struct Parts {
  std::string_view dialect, authority, database, query;
  bool has_database = false, has_query = false;
};

std::optional<Parts> split(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0 || text[0] == '+') return std::nullopt;
  Parts parts;
  parts.dialect = text.substr(0, scheme);
  std::string_view rest = text.substr(scheme + 3);
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    parts.query = rest.substr(mark + 1);
    parts.has_query = true;
    rest = rest.substr(0, mark);
  }
  // A password may hold a slash, as with SQLAlchemy: it ends at the '@'. Only what comes before a ':' cannot.
  const std::size_t slash = rest.find('/'), colon = rest.find(':'), at = rest.find('@');
  const bool slash_in_password = colon < slash && slash < at && at != std::string_view::npos;
  const std::size_t end = slash_in_password ? rest.find('/', at) : slash;
  parts.authority = rest.substr(0, end);
  if (end != std::string_view::npos) {
    parts.database = rest.substr(end + 1);
    parts.has_database = true;
  }
  return parts;
}

bool is_secret(std::string_view key) { return std::ranges::find(kSecretKeys, key) != kSecretKeys.end(); }

template <class F>
void for_each_pair(std::string_view query, F use) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    use(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
}

// Where the password of a text stands that need not be a URL: from the first ':' to the last '@', wherever
// they are. Rather too much than a part of a password.
struct Secret {
  std::size_t begin = 0, end = 0;
};

Secret find_password(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const std::size_t colon = text.find(':', scheme == std::string_view::npos ? 0 : scheme + 3);
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || colon == std::string_view::npos || at < colon) return {};
  return {colon + 1, at};
}

bool has_several(std::string_view host) { return host.find(',') != std::string_view::npos; }

// Of version 6, perhaps with a zone.
bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos && std::ranges::all_of(host, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == ':' || c == '.' || c == '%';
         });
}

Result<void> take_host(std::string_view text, DatabaseUrl& url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return failure("the address in the database's URL lacks its `]`");
    url.host = text.substr(1, end - 1);
    if (!is_address(url.host)) return failure("the database's URL has no address between `[` and `]`");
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':'))
      return failure("the database's URL has more than a port after the address");
    url.port = text.substr(std::min<std::size_t>(1, text.size()));
  } else if (has_several(text)) {
    url.host = decode(text);
  } else {
    const std::size_t colon = text.find(':');
    url.host = decode(text.substr(0, colon));
    if (colon != std::string_view::npos) url.port = text.substr(colon + 1);
    if (has_several(url.host) && !url.port.empty()) url.host += ':' + std::exchange(url.port, {});
  }
  const bool number = std::ranges::all_of(url.port, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!number) {
    return failure(
        error("the port of the database's URL is no number")
            .advise("in a user's name or a password, write `@` as `%40`, `:` as `%3A`, `/` as `%2F`"));
  }
  return {};
}

}  // namespace

Result<DatabaseUrl> parse_database_url(std::string_view text) {
  const auto parts = split(text);
  if (!parts) {
    return failure(
        error("this is no URL of a database: `{}`", mask_database_url(text))
            .advise("it begins with the dialect, such as `sqlite:///FILE` or `postgresql://USER@HOST/NAME`"));
  }
  DatabaseUrl url;
  const std::size_t plus = parts->dialect.find('+');
  url.dialect = parts->dialect.substr(0, plus);
  if (plus != std::string_view::npos) url.driver = parts->dialect.substr(plus + 1);
  std::string_view host = parts->authority;
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = host.substr(0, at);
    host.remove_prefix(at + 1);
    const std::size_t colon = who.find(':');
    url.user = decode(who.substr(0, colon));
    if (colon != std::string_view::npos) url.password = decode(who.substr(colon + 1));
  }
  if (auto taken = take_host(host, url); !taken) return tl::unexpected(taken.error());
  url.database = parts->database;
  for_each_pair(parts->query, [&](std::string_view key, std::string_view value) {
    url.query.emplace_back(decode_query(key), decode_query(value));
  });
  return url;
}

std::string to_text(const DatabaseUrl& url) {
  constexpr std::string_view kPlain = "-._~";
  std::string text = url.dialect;
  if (!url.driver.empty()) text += '+' + url.driver;
  text += "://";
  if (url.user) {
    text += encode(*url.user, kPlain);
    if (url.password) text += ':' + encode(*url.password, kPlain);
    text += '@';
  }
  if (is_address(url.host)) {
    text += '[' + url.host + ']';
  } else {
    text += encode(url.host, has_several(url.host) ? "-._~:," : "-._~");
  }
  if (!url.port.empty()) text += ':' + url.port;
  if (!url.database.empty()) text += '/' + url.database;
  char mark = '?';
  for (const auto& [key, value] : url.query) {
    text += std::exchange(mark, '&') + encode(key, kPlain) + '=' + encode(value, "-._~/:,");
  }
  return text;
}

std::string mask_database_url(std::string_view text) {
  const Secret secret = find_password(text);
  std::string shown(text.substr(0, secret.begin));
  if (secret.end != secret.begin) shown += kHidden;
  std::string_view rest = text.substr(secret.end);
  const std::size_t mark = rest.find('?');
  shown += rest.substr(0, mark);
  if (mark == std::string_view::npos) return shown;
  char before = '?';
  for_each_pair(rest.substr(mark + 1), [&](std::string_view key, std::string_view value) {
    shown += std::exchange(before, '&');
    shown += key;
    shown += '=';
    shown += is_secret(decode_query(key)) ? kHidden : value;
  });
  return shown;
}

std::vector<std::string> secrets_of_database_url(std::string_view text) {
  std::vector<std::string> secrets;
  const auto add = [&](std::string_view written, const std::string& meant) {
    for (const std::string& each : {std::string(written), meant}) {
      if (!each.empty() && std::ranges::find(secrets, each) == secrets.end()) secrets.push_back(each);
    }
  };
  const Secret secret = find_password(text);
  const std::string_view password = text.substr(secret.begin, secret.end - secret.begin);
  add(password, decode(password));
  const std::size_t mark = text.find('?', secret.end);
  for_each_pair(mark == std::string_view::npos ? "" : text.substr(mark + 1),
                [&](std::string_view key, std::string_view value) {
                  if (is_secret(decode_query(key))) add(value, decode_query(value));
                });
  return secrets;
}

void append_to_url(std::string& url, std::string_view more) {
  const bool both = more.starts_with('?') && url.find('?') != std::string::npos;
  url += both ? "&" : more.substr(0, 1);
  url += more.substr(std::min<std::size_t>(1, more.size()));
}

}  // namespace devtask
