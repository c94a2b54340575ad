#include "config/bind_values.h"

#include <algorithm>

#include "base/suggest.h"
#include "config/messages.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

std::string placeholder_help(std::string_view name, const Placeholders& known) {
  if (known.names.empty()) return std::string(known.advice);
  std::string help = did_you_mean(name, known.names);
  return help.empty() ? "known here: " + name_list(known.names) : help;
}

// Adds what and where to a failure that knows only the text.
Diagnostic in_key(Diagnostic failure, const TableReader& table, std::string_view key, const Span& where) {
  failure.message = fmt::format("{}: {}", table.of(key), failure.message);
  return std::move(failure).at(where);
}

// One pattern relative to the root; complains about everything that can be wrong before the matrix is filled
// in.
std::optional<Placed<std::string>> place_pattern(const TableReader& table, std::string_view key,
                                                 std::string_view base, const Placeholders& axes,
                                                 Placed<std::string> pattern) {
  const std::string_view text = without_exclamation(pattern.value);
  const bool exclude = text.size() != pattern.value.size();
  auto placed = place_path(base, text);
  if (!placed) {
    table.complain(in_key(std::move(placed.error()), table, key, pattern.where));
    return std::nullopt;
  }
  if (placed->empty()) *placed = "**";
  const bool templated = has_placeholder(text);
  if (templated && !bind_template(table, key, pattern, axes)) return std::nullopt;
  if (!templated) {
    if (auto glob = Glob::parse(*placed); !glob) {
      table.complain(in_key(std::move(glob.error()), table, key, pattern.where));
      return std::nullopt;
    }
  }
  return Placed<std::string>{exclude ? "!" + *placed : std::move(*placed), std::move(pattern.where)};
}

// Nothing to resolve, nothing to fill in, nothing to prefix: the text is right if it compiles.
bool is_ready(std::string_view base, std::string_view pattern) {
  pattern = without_exclamation(pattern);
  return base.empty() && !has_placeholder(pattern) && is_plain_path(pattern);
}

std::vector<std::string> texts_of(const std::vector<Placed<std::string>>& written) {
  std::vector<std::string> texts;
  texts.reserve(written.size());
  for (const auto& pattern : written) texts.push_back(pattern.value);
  return texts;
}

}  // namespace

std::optional<Template> bind_template(const TableReader& table, std::string_view key,
                                      const Placed<std::string>& text, const Placeholders& known) {
  auto parsed = Template::parse(text.value);
  if (!parsed) {
    table.complain(in_key(std::move(parsed.error()), table, key, text.where));
    return std::nullopt;
  }
  bool right = true;
  for (const Template::Part& part : parsed->parts()) {
    if (!part.placeholder || !known.complete) continue;
    if (std::find(known.names.begin(), known.names.end(), part.text) != known.names.end()) continue;
    right = false;
    const std::size_t end = text.value.find("}}", part.offset);
    table.complain(error("unknown placeholder `{{{{{}}}}}` in {}", part.text, table.of(key))
                       .at(FileReader::inside(text.where, part.offset, end + 2 - part.offset))
                       .advise(placeholder_help(part.text, known)));
  }
  if (!right) return std::nullopt;
  return std::move(*parsed);
}

std::map<std::string, Placed<Template>> bind_env(TableReader& table, const Placeholders& known) {
  std::map<std::string, Placed<Template>> env;
  TomlEntry* entry = table.get("env");
  if (entry == nullptr) return env;
  for (TomlEntry& variable : std::get<TomlTable>(entry->value.data)) {
    const Span where = table.file().span(variable.value.place);
    auto* text = std::get_if<std::string>(&variable.value.data);
    if (!is_variable_name(variable.key)) {
      table.complain(error("`{}` cannot be the name of an environment variable", shown(variable.key))
                         .at(table.file().span(variable.key_place))
                         .advise("names have letters, digits and `_`, and do not begin with a digit"));
    } else if (text == nullptr) {
      table.complain(error("`{}` in {} must be a string, found {}", variable.key, table.of("env"),
                           variable.value.kind_name())
                         .at(where)
                         .advise("write the value in quotes"));
    } else if (table.file().check_text(*text, variable.value.place)) {
      const Placed<std::string> placed{std::move(*text), where};
      if (auto parsed = bind_template(table, "env", placed, known)) {
        env[variable.key] = {std::move(*parsed), where};
      }
    }
  }
  return env;
}

std::vector<Placed<std::string>> bind_variable_patterns(TableReader& table, std::string_view key) {
  std::vector<Placed<std::string>> patterns = table.strings(key);
  std::erase_if(patterns, [&](const Placed<std::string>& pattern) {
    if (is_variable_pattern(pattern.value)) return false;
    table.complain(error("`{}` in {} cannot match the name of an environment variable", shown(pattern.value),
                         table.of(key))
                       .at(pattern.where)
                       .advise("write a name, with `*` and `?` as wildcards"));
    return true;
  });
  return patterns;
}

std::optional<Placed<std::string>> bind_path(const TableReader& table, std::string_view key,
                                             std::string_view base, Placed<std::string> text) {
  auto placed = place_path(base, text.value);
  if (!placed) {
    table.complain(in_key(std::move(placed.error()), table, key, text.where));
    return std::nullopt;
  }
  if (placed->ends_with('/')) placed->pop_back();
  return Placed<std::string>{std::move(*placed), std::move(text.where)};
}

Patterns bind_patterns(TableReader& table, std::string_view key, std::string_view base,
                       const Placeholders& axes, const std::vector<MatrixRow>& rows) {
  Patterns patterns{table.strings(key), {}, false};
  const auto ready = [&](const Placed<std::string>& pattern) { return is_ready(base, pattern.value); };
  if (std::all_of(patterns.written.begin(), patterns.written.end(), ready)) {
    if (auto globs = GlobList::parse(texts_of(patterns.written))) {
      patterns.globs = std::move(*globs);
      return patterns;
    }
  }
  const std::string escaped_base = escape_glob(base);
  std::vector<Placed<std::string>> placed;
  for (Placed<std::string>& pattern : patterns.written) {
    if (auto right = place_pattern(table, key, escaped_base, axes, std::move(pattern))) {
      patterns.templated = patterns.templated || has_placeholder(right->value);
      placed.push_back(std::move(*right));
    }
  }
  patterns.written = std::move(placed);
  if (!patterns.templated) {
    if (auto globs = GlobList::parse(texts_of(patterns.written))) patterns.globs = std::move(*globs);
    return patterns;
  }
  for (const MatrixRow& row : rows) {
    if (auto tried = expand_patterns(patterns, row); !tried && axes.complete) {
      const Span where = tried.error().span.value_or(table.key_place(key));
      table.complain(in_key(std::move(tried.error()), table, key, where)
                         .note(fmt::format("this is the row `{}` of the matrix", shown(row.label()))));
      break;
    }
  }
  return patterns;
}

}  // namespace devtask
