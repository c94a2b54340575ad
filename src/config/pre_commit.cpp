#include "config/pre_commit.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace devtask {
namespace {

// `black --fast "a b"` as its words: blanks part them, quotes keep them together, `\` takes the next
// character as it is but between single quotes.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  char quote = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = std::string_view(" \t\r\n").find(c) != std::string_view::npos;
    if (quote == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  return words;
}

class PreCommitBinder {
 public:
  explicit PreCommitBinder(const FileReader& file) : file_(file) {}

  std::optional<std::vector<PreCommitHook>> bind(const TomlValue& top) {
    const TomlTable* table = as_table(top, "the file");
    if (table == nullptr) return std::nullopt;
    if (const TomlValue* versions = find(*table, "default_language_version");
        versions != nullptr && versions->as_table() != nullptr) {
      python_ = text(*versions->as_table(), "python").value_or(Placed<std::string>{});
    }
    for (const TomlValue& each : list(*table, "repos", &top)) {
      const TomlTable* repo = as_table(each, "a repository");
      if (repo == nullptr) continue;
      const auto url = text(*repo, "repo").value_or(Placed<std::string>{"", file_.span(each.place)});
      const auto rev = text(*repo, "rev").value_or(Placed<std::string>{"", url.where});
      for (const TomlValue& hook : list(*repo, "hooks", &each)) bind_hook(hook, url, rev);
    }
    if (find(*table, "repos") == nullptr) return std::nullopt;
    return std::move(hooks_);
  }

 private:
  void bind_hook(const TomlValue& value, const Placed<std::string>& repo, const Placed<std::string>& rev) {
    const TomlTable* table = as_table(value, "a hook");
    if (table == nullptr) return;
    auto id = text(*table, "id");
    if (!id || id->value.empty()) {
      if (find(*table, "id") == nullptr)
        file_.complain(error("a hook has no `id`").at(file_.span(value.place)));
      return;
    }
    PreCommitHook hook;
    hook.id = std::move(*id);
    const Placed<std::string> none{"", hook.id.where};
    hook.alias = text(*table, "alias").value_or(none).value;
    hook.repo = repo;
    hook.rev = rev;
    hook.language = text(*table, "language").value_or(none);
    hook.language_version = text(*table, "language_version").value_or(python_);
    hook.entry = split_words(text(*table, "entry").value_or(none).value);
    for (auto& word : texts(*table, "args")) hook.args.push_back(std::move(word.value));
    hook.additional_dependencies = texts(*table, "additional_dependencies");
    hooks_.push_back(std::move(hook));
  }

  static const TomlValue* find(const TomlTable& table, std::string_view key) {
    const auto entry = std::ranges::find(table, key, &TomlEntry::key);
    return entry == table.end() ? nullptr : &entry->value;
  }

  const TomlTable* as_table(const TomlValue& value, std::string_view what) const {
    if (value.as_table() == nullptr) {
      file_.complain(
          error("{} must be a table, found {}", what, value.kind_name()).at(file_.span(value.place)));
    }
    return value.as_table();
  }

  std::optional<Placed<std::string>> text(const TomlTable& table, std::string_view key) const {
    const TomlValue* value = find(table, key);
    if (value == nullptr) return std::nullopt;
    const Span where = file_.span(value->place);
    if (const std::string* found = value->as_string()) {
      if (!file_.check_text(*found, value->place)) return std::nullopt;
      return Placed<std::string>{*found, where};
    }
    file_.complain(error("`{}` must be a string, found {}", key, value->kind_name()).at(where));
    return std::nullopt;
  }

  // `owner`: in which it must be, nullptr if it may be missing.
  const TomlArray& list(const TomlTable& table, std::string_view key, const TomlValue* owner) const {
    static const TomlArray kNone;
    const TomlValue* value = find(table, key);
    if (value == nullptr) {
      if (owner != nullptr) file_.complain(error("`{}` is missing", key).at(file_.span(owner->place)));
      return kNone;
    }
    if (value->as_array() != nullptr) return *value->as_array();
    const bool nothing = value->as_string() != nullptr && value->as_string()->empty();
    if (!nothing) {
      file_.complain(
          error("`{}` must be a list, found {}", key, value->kind_name()).at(file_.span(value->place)));
    }
    return kNone;
  }

  std::vector<Placed<std::string>> texts(const TomlTable& table, std::string_view key) const {
    std::vector<Placed<std::string>> found;
    for (const TomlValue& item : list(table, key, nullptr)) {
      if (const std::string* word = item.as_string(); word == nullptr) {
        file_.complain(error("`{}` must be a list of strings, found {} in it", key, item.kind_name())
                           .at(file_.span(item.place)));
      } else if (file_.check_text(*word, item.place)) {
        found.push_back({*word, file_.span(item.place)});
      }
    }
    return found;
  }

  const FileReader& file_;
  Placed<std::string> python_;
  std::vector<PreCommitHook> hooks_;
};

}  // namespace

std::optional<std::vector<PreCommitHook>> bind_pre_commit(const FileReader& file, const TomlValue& top) {
  return PreCommitBinder(file).bind(top);
}

}  // namespace devtask
