#include "config/output_index.h"

#include <algorithm>
#include <utility>

#include "base/is_below.h"

namespace devtask {
namespace {

bool excludes(const Patterns& list, std::string_view text) {
  return std::any_of(list.written.begin(), list.written.end(), [&](const Placed<std::string>& pattern) {
    return pattern.value.starts_with('!') && std::string_view(pattern.value).substr(1) == text;
  });
}

// A file that is certainly in the folder, for patterns that take everything in it.
std::string any_file_in(const std::string& folder) { return folder.empty() ? "\x01" : folder + "/\x01"; }

}  // namespace

void OutputIndex::add(Output output) {
  std::size_t at = 0;
  for (std::string_view rest = output.prefix; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (const auto child = nodes_[at].children.find(part); child != nodes_[at].children.end()) {
      at = child->second;
      continue;
    }
    nodes_[at].children.emplace(std::string(part), nodes_.size());
    at = nodes_.size();
    nodes_.emplace_back();
  }
  nodes_[at].outputs.push_back(outputs_.size());
  outputs_.push_back(std::move(output));
}

template <class Visit>
const OutputIndex::Node* OutputIndex::walk(std::string_view path, Visit visit) const {
  const Node* node = &nodes_.front();
  visit(*node);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const auto child = node->children.find(path.substr(0, slash));
    if (child == node->children.end()) return nullptr;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    node = &nodes_[child->second];
    visit(*node);
  }
  return node;
}

bool OutputIndex::touches(std::string_view path) const {
  bool any = false;
  return walk(path, [&](const Node& node) { any = any || !node.outputs.empty(); }) != nullptr || any;
}

void OutputIndex::at_or_above(std::string_view path, std::vector<std::size_t>& found) const {
  walk(path, [&](const Node& node) { found.insert(found.end(), node.outputs.begin(), node.outputs.end()); });
}

void OutputIndex::below(std::string_view path, std::vector<std::size_t>& found) const {
  if (const Node* node = walk(path, [](const Node&) {})) collect(*node, found);
}

void OutputIndex::collect(const Node& node, std::vector<std::size_t>& found) const {
  std::vector<const Node*> open{&node};
  while (!open.empty()) {
    const Node* at = open.back();
    open.pop_back();
    for (const auto& [name, child] : at->children) {
      open.push_back(&nodes_[child]);
      found.insert(found.end(), open.back()->outputs.begin(), open.back()->outputs.end());
    }
  }
}

bool outputs_overlap(const Output& a, const Output& b) {
  if (a.literal && is_below(b.prefix, a.prefix)) return true;  // a file cannot be a folder as well
  if (b.literal && is_below(a.prefix, b.prefix)) return true;
  if (a.prefix == b.prefix && a.literal != b.literal) return true;
  if (!a.glob.intersects(b.glob)) return false;
  const GlobList &mine = a.list->globs, &theirs = b.list->globs;
  if (a.literal || b.literal) {
    const std::string& path = a.literal ? a.prefix : b.prefix;
    return mine.matches(path) && theirs.matches(path);
  }
  const std::string& deeper = a.prefix.size() > b.prefix.size() ? a.prefix : b.prefix;
  return mine.may_match_below(deeper) && theirs.may_match_below(deeper) && !excludes(*a.list, b.text) &&
         !excludes(*b.list, a.text);
}

bool reads_output(const Patterns& inputs, const GlobList& ignore, std::string_view pattern, const Glob& glob,
                  const Output& output) {
  const GlobList& mine = inputs.globs;
  const GlobList& theirs = output.list->globs;
  const auto reads = [&](const std::string& path) { return mine.matches(path) && !ignore.matches(path); };
  if (const std::string path = glob.literal(); !path.empty()) {
    return reads(path) && (theirs.matches(path) || (output.literal && is_below(path, output.prefix)));
  }
  if (output.literal) {
    return glob.matches(output.prefix) ? reads(output.prefix)
                                       : is_below(glob.literal_prefix(), output.prefix);
  }
  const std::string root = glob.literal_prefix();
  const bool inside = root == output.prefix || is_below(root, output.prefix);
  if (output.folder && inside) {
    return theirs.may_match_below(root) && mine.may_match_below(root) && !ignore.matches(any_file_in(root));
  }
  if (pattern == output.text) return mine.may_match_below(root) && !ignore.matches(any_file_in(root));
  return glob.matches_all_below(output.prefix) && !excludes(inputs, output.text) &&
         reads(any_file_in(output.prefix));
}

std::string literal_prefix(std::string_view pattern) {
  std::size_t slash = 0;  // the last one before a wildcard, or 0
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    switch (pattern[i]) {
      case '\\':
      case '{': {
        const auto glob = Glob::parse(pattern);
        return glob ? glob->literal_prefix() : std::string();
      }
      case '*':
      case '?':
      case '[':
        return std::string(pattern.substr(0, slash));
      case '/':
        slash = i;
        break;
      default:
        break;
    }
  }
  if (pattern.ends_with('/')) pattern.remove_suffix(1);
  return std::string(pattern);
}

}  // namespace devtask
