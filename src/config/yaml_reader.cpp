#include "config/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

namespace devtask {
namespace {

// Aliases of aliases make large trees of small files, and may lead back to themselves.
constexpr int kDeepest = 100;
constexpr std::size_t kMostValues = 100'000;

class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text) {}

  // Empty, once there was too much.
  TomlValue value(const YAML::Node& node, int depth = 0) {
    TomlValue result;
    result.place = place(node);
    if (++values_ > kMostValues || depth > kDeepest) {
      too_much_ = true;
    } else if (node.IsSequence()) {
      TomlArray items;
      for (const YAML::Node& item : node) {
        if (!too_much_) items.push_back(value(item, depth + 1));
      }
      result.data = std::move(items);
      return result;
    } else if (node.IsMap()) {
      result.data = table(node, depth);
      return result;
    }
    result.data = node.IsScalar() ? node.Scalar() : std::string();
    return result;
  }

  bool too_much() const { return too_much_; }

 private:
  TomlTable table(const YAML::Node& node, int depth) {
    TomlTable entries, merged;
    for (const auto& entry : node) {
      if (too_much_ || !entry.first.IsScalar()) continue;
      TomlValue converted = value(entry.second, depth + 1);
      auto* more = std::get_if<TomlTable>(&converted.data);
      if (entry.first.Scalar() == "<<" && more != nullptr) {
        std::move(more->begin(), more->end(), std::back_inserter(merged));
      } else {
        entries.push_back({entry.first.Scalar(), place(entry.first), std::move(converted)});
      }
    }
    for (TomlEntry& entry : merged) {
      if (std::ranges::find(entries, entry.key, &TomlEntry::key) == entries.end())
        entries.push_back(std::move(entry));
    }
    return entries;
  }

  TomlPlace place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    if (mark.is_null() || mark.pos < 0) return {};
    TomlPlace place{static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1,
                    1};
    const auto start = static_cast<std::size_t>(mark.pos);
    if (!node.IsScalar() || start >= text_.size()) return place;
    const std::string_view raw = text_.substr(start, text_.find('\n', start) - start);
    const bool quoted = raw.starts_with('"') || raw.starts_with('\'');
    if (const std::size_t end = quoted ? raw.find(raw.front(), 1) : std::string_view::npos;
        end != std::string_view::npos) {
      place.length = static_cast<std::uint32_t>(end) + 1;
    } else if (!node.Scalar().empty() && raw.starts_with(node.Scalar())) {
      place.length = static_cast<std::uint32_t>(node.Scalar().size());
    }
    return place;
  }

  std::string_view text_;
  std::size_t values_ = 0;
  bool too_much_ = false;
};

}  // namespace

Result<TomlValue> parse_yaml(const std::shared_ptr<const SourceFile>& file) {
  const auto at = [&](int line, int column) {
    return Span{file, static_cast<std::uint32_t>(std::max(line, 0)) + 1,
                static_cast<std::uint32_t>(std::max(column, 0)) + 1, 1};
  };
  try {
    Converter converter(file->text);
    TomlValue top = converter.value(YAML::Load(file->text));
    if (converter.too_much())
      return failure(error("the aliases in this file stand for too much").at(at(0, 0)));
    return top;
  } catch (const YAML::Exception& problem) {
    return failure(error("this is not YAML: {}", problem.msg).at(at(problem.mark.line, problem.mark.column)));
  }
}

}  // namespace devtask
