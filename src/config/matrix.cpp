#include "config/matrix.h"

#include <algorithm>

#include "config/paths.h"

namespace devtask {
namespace {

template <class Escape>
Result<std::string> expand(std::string_view text, const MatrixRow& row, Escape escape) {
  auto parsed = Template::parse(text);
  if (!parsed) return tl::unexpected(parsed.error());
  for (const Template::Part& part : parsed->parts()) {
    if (part.placeholder && row.find(part.text) == nullptr) {
      return failure("`{{{{{}}}}}` in `{}` is no axis of the matrix", part.text, text);
    }
  }
  return parsed->expand([&](std::string_view name) { return escape(*row.find(name)); });
}

}  // namespace

const std::string* MatrixRow::find(std::string_view axis) const {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& pair) { return pair.first == axis; });
  return found == values.end() ? nullptr : &found->second;
}

std::string MatrixRow::label() const {
  std::string text;
  for (const auto& [axis, value] : values) {
    if (!text.empty()) text += ',';
    text += value;
  }
  return text;
}

std::vector<MatrixRow> matrix_rows(const std::vector<MatrixAxis>& axes) {
  std::vector<MatrixRow> rows(1);
  for (const MatrixAxis& axis : axes) {
    std::vector<MatrixRow> longer;
    longer.reserve(rows.size() * axis.values.size());
    for (const MatrixRow& row : rows) {
      for (const std::string& value : axis.values) {
        longer.push_back(row);
        longer.back().values.emplace_back(axis.name, value);
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

Result<std::string> expand_axes(std::string_view text, const MatrixRow& row) {
  if (!has_placeholder(text)) return std::string(text);
  return expand(text, row, [](const std::string& value) { return value; });
}

Result<Patterns> expand_patterns(const Patterns& patterns, const MatrixRow& row) {
  if (!patterns.templated) return patterns;
  Patterns expanded;
  std::vector<std::string> texts;
  for (const Placed<std::string>& pattern : patterns.written) {
    auto text = has_placeholder(pattern.value)
                    ? expand(pattern.value, row, [](const std::string& value) { return escape_glob(value); })
                    : Result<std::string>(pattern.value);
    if (!text) return failure(std::move(text.error()).at(pattern.where));
    if (auto glob = Glob::parse(without_exclamation(*text)); !glob) {
      return failure(std::move(glob.error()).at(pattern.where));
    }
    expanded.written.push_back({*text, pattern.where});
    texts.push_back(std::move(*text));
  }
  auto globs = GlobList::parse(texts);
  if (!globs) return tl::unexpected(globs.error());
  expanded.globs = std::move(*globs);
  return expanded;
}

}  // namespace devtask
