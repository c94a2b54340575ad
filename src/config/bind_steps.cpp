#include "config/bind_steps.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/keys.h"
#include "config/names.h"

namespace devtask {
namespace {

constexpr std::array<std::string_view, 6> kReserved{"root", "task", "extra", "units", "report", "plugins"};

// Complains about names of arguments and axes that no placeholder could have.
bool check_name(const TableReader& table, std::string_view what, const std::string& name, const Span& where) {
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    table.complain(error("{} of {} cannot be called `{}`: `{{{{{}}}}}` has a meaning already", what,
                         table.owner(), name, name)
                       .at(where));
    return false;
  }
  if (is_placeholder_name(name)) return true;
  table.complain(error("{} of {} cannot be called `{}`", what, table.owner(), shown(name))
                     .at(where)
                     .advise("names have letters, digits, `_` and `-`, and begin with a letter or `_`"));
  return false;
}

bool is_axis_value(std::string_view value) {
  return !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return c == ',' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

std::vector<std::string> bind_axis_values(TableReader& table, TomlEntry& axis) {
  std::vector<std::string> values;
  const FileReader& file = table.file();
  auto* items = std::get_if<TomlArray>(&axis.value.data);
  if (items == nullptr) {
    table.complain(error("axis `{}` of {} must be a list of strings, found {}", axis.key, table.owner(),
                         axis.value.kind_name())
                       .at(file.span(axis.value.place))
                       .advise(fmt::format("for example `{} = [\"a\", \"b\"]`", axis.key)));
    return values;
  }
  if (items->empty()) {
    table.complain(
        error("axis `{}` of {} has no values", axis.key, table.owner()).at(file.span(axis.value.place)));
  }
  for (TomlValue& item : *items) {
    const Span where = file.span(item.place);
    auto* text = std::get_if<std::string>(&item.data);
    if (text == nullptr) {
      table.complain(error("axis `{}` of {} must be a list of strings, found {} in it", axis.key,
                           table.owner(), item.kind_name())
                         .at(where));
    } else if (!is_axis_value(*text)) {
      table.complain(
          error("axis `{}` of {} cannot have the value `{}`", axis.key, table.owner(), shown(*text))
              .at(where)
              .advise("a value is not empty and has no comma and no control characters"));
    } else if (std::find(values.begin(), values.end(), *text) != values.end()) {
      table.complain(
          error("axis `{}` of {} has the value `{}` twice", axis.key, table.owner(), *text).at(where));
    } else {
      values.push_back(std::move(*text));
    }
  }
  return values;
}

ArgSpec bind_arg(TableReader& arg, const TableReader& task, const Span& where) {
  ArgSpec spec;
  spec.where = where;
  spec.many = arg.flag("many");
  if (auto help = arg.string("help")) spec.help = std::move(help->value);
  if (auto name = arg.string("name")) {
    check_name(task, "an argument", name->value, name->where);
    spec.name = std::move(name->value);
    spec.where = std::move(name->where);
  } else if (!arg.written("name")) {
    task.complain(error("an argument of {} has no name", task.owner())
                      .at(where)
                      .advise(fmt::format("for example `{}`", find_key(kArgTable, "name")->example)));
  }
  TomlEntry* defaults = arg.get("default");
  if (defaults == nullptr) {
    // What was written wrong is no reason to call the argument required.
    if (arg.written("default")) spec.defaults.emplace();
    return spec;
  }
  spec.defaults.emplace();
  if (auto* text = std::get_if<std::string>(&defaults->value.data)) {
    spec.defaults->push_back(std::move(*text));
    return spec;
  }
  const Span place = arg.file().span(defaults->value.place);
  for (auto& text : arg.strings("default")) spec.defaults->push_back(std::move(text.value));
  if (!spec.many && spec.defaults->size() != 1) {
    arg.complain(error("argument `{}` of {} takes one word, but its default has {}", spec.name, task.owner(),
                       spec.defaults->size())
                     .at(place)
                     .advise("add `many = true`, or make the default a string"));
  }
  return spec;
}

void check_order(const TableReader& table, const std::vector<ArgSpec>& args) {
  const ArgSpec* optional = nullptr;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const ArgSpec& arg = args[i];
    if (arg.name.empty()) continue;  // complained about already
    const bool repeated = std::any_of(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(i),
                                      [&](const ArgSpec& other) { return other.name == arg.name; });
    if (repeated) table.complain(error("{} has two arguments `{}`", table.owner(), arg.name).at(arg.where));
    if (arg.many && i + 1 < args.size()) {
      table.complain(error("argument `{}` of {} takes all the words that are left, so it must be the last",
                           arg.name, table.owner())
                         .at(arg.where));
    }
    if (arg.defaults) {
      optional = &arg;
    } else if (optional != nullptr) {
      table.complain(error("argument `{}` of {} has no default, but `{}` before it has one", arg.name,
                           table.owner(), optional->name)
                         .at(arg.where)
                         .advise(fmt::format("give `{}` a default, or put it first", arg.name)));
    }
  }
}

// A list that is only a part of a word of a command without a shell could not be expanded to several words.
bool check_lists(const TableReader& table, std::string_view key, const Template& word,
                 const Placed<std::string>& text, const Placeholders& known) {
  if (!word.sole_placeholder().empty()) return true;
  for (const Template::Part& part : word.parts()) {
    if (!part.placeholder ||
        std::find(known.lists.begin(), known.lists.end(), part.text) == known.lists.end())
      continue;
    const std::size_t end = text.value.find("}}", part.offset);
    table.complain(error("`{{{{{}}}}}` in {} stands for several words, so it must be a word by itself",
                         part.text, table.of(key))
                       .at(FileReader::inside(text.where, part.offset, end + 2 - part.offset))
                       .advise(fmt::format("write `\"{{{{{}}}}}\"` as an element of its own", part.text)));
    return false;
  }
  return true;
}

class StepBinder {
 public:
  StepBinder(TableReader& table, std::string_view key, const Placeholders& known)
      : table_(table), key_(key), known_(known) {}

  void bind(TomlValue& value) {
    if (auto* script = std::get_if<std::string>(&value.data)) {
      shell({std::move(*script), table_.file().span(value.place)});
    } else if (auto* words = std::get_if<TomlArray>(&value.data)) {
      argv(*words, table_.file().span(value.place));
    } else {
      table_.complain(error("a step in {} must be a string or a list of strings, found {}", table_.of(key_),
                            value.kind_name())
                          .at(table_.file().span(value.place)));
    }
  }

  std::vector<Step> take() { return std::move(steps_); }

 private:
  void shell(Placed<std::string> script) {
    if (script.value.find_first_not_of(" \t\r\n") == std::string::npos) {
      table_.complain(error("a step in {} is empty", table_.of(key_)).at(script.where));
      return;
    }
    if (!check_nul(script)) return;
    if (auto text = bind_template(table_, key_, script, known_)) {
      steps_.push_back({true, {std::move(*text)}, std::move(script.where)});
    }
  }

  void argv(TomlArray& words, Span where) {
    Step step{false, {}, std::move(where)};
    if (words.empty()) table_.complain(error("a command in {} is empty", table_.of(key_)).at(step.where));
    for (TomlValue& item : words) {
      const Span place = table_.file().span(item.place);
      auto* text = std::get_if<std::string>(&item.data);
      if (text == nullptr) {
        table_.complain(error("a command in {} must be a list of strings, found {} in it", table_.of(key_),
                              item.kind_name())
                            .at(place)
                            .advise("write it in quotes"));
        continue;
      }
      const Placed<std::string> word{std::move(*text), place};
      if (&item == &words.front() && word.value.empty()) {
        table_.complain(error("the program of a command in {} is empty", table_.of(key_)).at(place));
      }
      if (!check_nul(word)) continue;
      auto parsed = bind_template(table_, key_, word, known_);
      if (parsed && check_lists(table_, key_, *parsed, word, known_))
        step.words.push_back(std::move(*parsed));
    }
    if (!step.words.empty()) steps_.push_back(std::move(step));
  }

  bool check_nul(const Placed<std::string>& text) const {
    return table_.file().check_text(text.value, {text.where.line, text.where.column, text.where.length});
  }

  TableReader& table_;
  std::string_view key_;
  const Placeholders& known_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<MatrixAxis> bind_matrix(TableReader& table) {
  std::vector<MatrixAxis> axes;
  TomlEntry* entry = table.get("matrix");
  if (entry == nullptr) return axes;
  std::size_t rows = 1;
  for (TomlEntry& item : std::get<TomlTable>(entry->value.data)) {
    const Span where = table.file().span(item.key_place);
    check_name(table, "an axis", item.key, where);
    axes.push_back({item.key, bind_axis_values(table, item), where});
    const std::size_t values = axes.back().values.size();
    rows = values > kMostMatrixRows ? kMostMatrixRows + 1 : std::min(rows * values, kMostMatrixRows + 1);
  }
  if (rows > kMostMatrixRows) {
    table.complain(error("the matrix of {} stands for more than {} tasks", table.owner(), kMostMatrixRows)
                       .at(table.file().span(entry->key_place)));
    for (MatrixAxis& axis : axes) axis.values.clear();
  }
  return axes;
}

std::vector<ArgSpec> bind_args(TableReader& table, const std::vector<MatrixAxis>& axes) {
  std::vector<ArgSpec> args;
  TomlEntry* entry = table.get("args");
  if (entry == nullptr) return args;
  for (TomlValue& item : std::get<TomlArray>(entry->value.data)) {
    const Span where = table.file().span(item.place);
    auto* fields = std::get_if<TomlTable>(&item.data);
    if (fields == nullptr) {
      table.complain(error("an argument of {} must be a table, found {}", table.owner(), item.kind_name())
                         .at(where)
                         .advise(fmt::format("for example `{}`", find_key(kTaskTable, "args")->example)));
      continue;
    }
    TableReader arg(table.file(), *fields, kArgTable, "an argument of " + table.owner());
    args.push_back(bind_arg(arg, table, where));
    const bool axis = std::any_of(axes.begin(), axes.end(),
                                  [&](const MatrixAxis& other) { return other.name == args.back().name; });
    if (axis) {
      table.complain(
          error("argument `{}` of {} has the name of an axis of its matrix", args.back().name, table.owner())
              .at(args.back().where));
    }
  }
  check_order(table, args);
  return args;
}

std::vector<Step> bind_steps(TableReader& table, std::string_view key, const Placeholders& known) {
  TomlEntry* entry = table.get(key);
  if (entry == nullptr) return {};
  StepBinder binder(table, key, known);
  auto* steps = std::get_if<TomlArray>(&entry->value.data);
  if (steps == nullptr) {
    binder.bind(entry->value);
    return binder.take();
  }
  if (steps->empty()) {
    table.complain(error("{} has no steps", table.of(key))
                       .at(table.file().span(entry->value.place))
                       .advise(key == "run" ? "leave `run` out of a task that only groups its dependencies"
                                            : "leave it out"));
  }
  for (TomlValue& step : *steps) binder.bind(step);
  return binder.take();
}

}  // namespace devtask
