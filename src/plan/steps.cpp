#include "plan/steps.h"

#include <algorithm>

#include "base/escape.h"
#include "plan/programs.h"

namespace devtask {
namespace {

constexpr std::string_view kExtra = "extra";

// Follows the quoting of a shell script, so that a parameter can be put in with the quotes its place needs.
class Quoting {
 public:
  // kEscaped: in bash's $'…'. kVerbatim: in a here-document in which the shell looks for nothing.
  enum class Place { kPlain, kDouble, kSingle, kEscaped, kComment, kVerbatim };

  explicit Quoting(std::string_view shell) : bash_(shell == "bash") {}

  void read(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) step(text, i);
  }
  // A parameter is put in here: it is part of a word, and of no here-document's last line.
  void pass_parameter() {
    word_start_ = false;
    line_ += '$';
  }
  Place place() const {
    if (single_) return escapes_ ? Place::kEscaped : Place::kSingle;
    if (comment_) return Place::kComment;
    if (stack_.back() == 'h' && open_.back().quoted) return Place::kVerbatim;
    return std::string_view("\"ah").find(stack_.back()) != std::string_view::npos ? Place::kDouble
                                                                                  : Place::kPlain;
  }

  // What is put in here is not looked at by the shell, or keeps a here-document from ending.
  bool swallows() const { return place() == Place::kComment || stack_.back() == 'h'; }

 private:
  struct HereDocument {
    std::string end;
    bool strips_tabs = false;
    bool quoted = false;
  };

  void step(std::string_view text, std::size_t& i) {
    const char c = text[i];
    const bool at_word_start = word_start_;
    word_start_ = std::string_view(" \t\n;&|(`").find(c) != std::string_view::npos;
    if (stack_.back() == 'h') {
      step_here_document(text, i);
    } else if (single_) {
      if (c == '\\' && escapes_) {
        ++i;
      } else {
        single_ = c != '\'';
      }
    } else if (c == '\n' && stack_.back() != '"') {
      comment_ = false;
      open_here_documents();
    } else if (comment_) {
      return;
    } else if (c == '\\') {
      ++i;
    } else if (c == '"') {
      toggle('"');
    } else if (c == '`') {
      toggle('`');
    } else if (c == '(' && (stack_.back() != '"' || (i > 0 && text[i - 1] == '$'))) {
      const bool arithmetic = stack_.back() == 'a' || (i > 0 && text[i - 1] == '(');
      stack_.push_back(arithmetic ? 'a' : '(');
    } else if (stack_.back() == '"') {
      return;  // nothing else is special between double quotes
    } else if (c == '\'') {
      single_ = true;
      escapes_ = false;
    } else if (c == '$' && bash_ && i + 1 < text.size() && (text[i + 1] == '\'' || text[i + 1] == '$')) {
      single_ = escapes_ = text[++i] == '\'';  // `$$` is the shell's number
    } else if (c == '#' && at_word_start) {
      comment_ = true;
    } else if (c == ')' && stack_.size() > 1) {
      close(c);
    } else if (c == '<' && stack_.back() != 'a' && text.substr(i).starts_with("<<")) {
      begin_here_document(text, i);
    }
  }

  // Back in a here-document, the line has more than the document's end.
  void close(char mark) {
    stack_.pop_back();
    if (stack_.back() == 'h') line_ += mark;
  }

  void toggle(char mark) {
    if (stack_.back() == mark) {
      close(mark);
    } else {
      stack_.push_back(mark);
    }
  }

  // `<<EOF`, `<<-'EOF'`; `<<<` is a here-string, a word like any other.
  void begin_here_document(std::string_view text, std::size_t& i) {
    i += 2;
    if (text.substr(i).starts_with('<')) return;
    HereDocument document;
    if (text.substr(i).starts_with('-')) {
      document.strips_tabs = true;
      ++i;
    }
    while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
    for (; i < text.size() && std::string_view(" \t\n;&|<>()").find(text[i]) == std::string_view::npos; ++i) {
      if (std::string_view("'\"\\").find(text[i]) != std::string_view::npos) {
        document.quoted = true;
      } else {
        document.end += text[i];
      }
    }
    --i;  // what ended the word is read next
    begun_.push_back(std::move(document));
  }

  // The first of them is on top.
  void open_here_documents() {
    for (; !begun_.empty(); begun_.pop_back()) {
      open_.push_back(std::move(begun_.back()));
      stack_.push_back('h');
    }
    line_.clear();
  }

  // As between double quotes, but that quotes are text, until a line is the document's end.
  void step_here_document(std::string_view text, std::size_t& i) {
    const char c = text[i];
    const HereDocument& document = open_.back();
    if (c == '\n') {
      std::string_view line = line_;
      while (document.strips_tabs && line.starts_with('\t')) line.remove_prefix(1);
      if (line == document.end) {
        open_.pop_back();
        stack_.pop_back();
      }
      line_.clear();
      return;
    }
    line_ += c;
    if (document.quoted) return;
    if (c == '\\' && i + 1 < text.size()) {
      line_ += text[++i];
    } else if (c == '`' || (c == '(' && i > 0 && text[i - 1] == '$')) {
      stack_.push_back(c);
    }
  }

  // '"' inside double quotes, '(' inside a substitution or subshell, '`' inside an old substitution, 'a'
  // inside arithmetic, 'h' inside a here-document.
  std::vector<char> stack_{' '};
  std::vector<HereDocument> begun_;  // at the next line, in their order
  std::vector<HereDocument> open_;   // one for each 'h': a substitution in one can have others
  std::string line_;                 // of a here-document, so far
  bool bash_;
  bool single_ = false;
  bool escapes_ = false;  // single_ began with `$'`
  bool comment_ = false;
  bool word_start_ = true;
};

// "${3}" for plain text, ${3} inside double quotes; several parameters are separated by blanks.
std::string parameters(std::size_t first, std::size_t count, Quoting::Place place) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    const std::string reference = "${" + std::to_string(first + i) + "}";
    text += place == Quoting::Place::kPlain ? "\"" + reference + "\"" : reference;
  }
  if (place == Quoting::Place::kSingle) return "'\"" + text + "\"'";
  return place == Quoting::Place::kEscaped ? "'\"" + text + "\"$'" : text;
}

struct Words {
  std::vector<std::string> words, keys;
};

Words words_of(std::string_view name, const Values& values) {
  if (values.is_list(name)) return {values.words(name), values.key_words(name)};
  return {{values.text(name)}, {values.key_text(name)}};
}

std::string joined_key(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quote(word);
  return text;
}

PlannedStep plan_shell(const Step& step, const Values& values, const std::string& shell, bool append_extra) {
  std::string script;
  Words given;
  Quoting quoting(shell);
  const auto put = [&](std::string_view name) {
    Words more = words_of(name, values);
    script += parameters(given.words.size() + 1, more.words.size(), quoting.place());
    quoting.pass_parameter();
    given.words.insert(given.words.end(), more.words.begin(), more.words.end());
    given.keys.insert(given.keys.end(), more.keys.begin(), more.keys.end());
  };
  for (const Template::Part& part : step.words[0].parts()) {
    if (part.placeholder) {
      put(part.text);
    } else {
      script += part.text;
      quoting.read(part.text);
    }
  }
  if (append_extra) {
    while (!script.empty() && std::isspace(static_cast<unsigned char>(script.back())) != 0) script.pop_back();
    script += ' ';
    put(kExtra);
  }
  PlannedStep planned;
  planned.argv = shell == "bash" ? std::vector<std::string>{"bash", "-euo", "pipefail", "-c", script, "bash"}
                                 : std::vector<std::string>{"sh", "-eu", "-c", script, "sh"};
  planned.argv.insert(planned.argv.end(), given.words.begin(), given.words.end());
  planned.key = shell + " " + script + (given.keys.empty() ? "" : " -- " + joined_key(given.keys));
  planned.programs = programs_of_script(script);
  planned.programs.push_back(shell);
  planned.shown =
      step.words[0].expand([&](std::string_view name) { return joined_key(words_of(name, values).words); });
  if (append_extra) planned.shown += " " + joined_key(values.words(kExtra));
  return planned;
}

PlannedStep plan_argv(const Step& step, const Values& values, bool append_extra) {
  PlannedStep planned;
  std::vector<std::string> keys;
  for (const Template& word : step.words) {
    const std::string_view sole = word.sole_placeholder();
    if (!sole.empty() && values.is_list(sole)) {
      const Words more = words_of(sole, values);
      planned.argv.insert(planned.argv.end(), more.words.begin(), more.words.end());
      keys.insert(keys.end(), more.keys.begin(), more.keys.end());
    } else {
      planned.argv.push_back(values.expand(word));
      keys.push_back(values.key_expand(word));
    }
  }
  if (append_extra) {
    const Words extra = words_of(kExtra, values);
    planned.argv.insert(planned.argv.end(), extra.words.begin(), extra.words.end());
    keys.insert(keys.end(), extra.keys.begin(), extra.keys.end());
  }
  planned.key = "argv " + joined_key(keys);
  if (!planned.argv.empty()) planned.programs.push_back(planned.argv[0]);
  planned.shown = joined_key(planned.argv);
  return planned;
}

bool names_extra(const Step& step) {
  return std::any_of(step.words.begin(), step.words.end(), [](const Template& word) {
    return std::any_of(word.parts().begin(), word.parts().end(),
                       [](const Template::Part& part) { return part.placeholder && part.text == kExtra; });
  });
}

bool appends_extra(const std::vector<Step>& steps, const Values& values) {
  return !values.words(kExtra).empty() && std::none_of(steps.begin(), steps.end(), names_extra);
}

}  // namespace

const Step* swallows_extra(const Task& task, const Values& values) {
  if (task.run.empty() || !task.run.back().shell || !appends_extra(task.run, values)) return nullptr;
  Quoting quoting(task.shell);
  const auto& parts = task.run.back().words[0].parts();
  for (const Template::Part& part : parts) {
    if (part.placeholder) {
      quoting.pass_parameter();
      continue;
    }
    std::string_view text = part.text;
    if (&part == &parts.back()) text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    quoting.read(text);
  }
  return quoting.swallows() ? &task.run.back() : nullptr;
}

const Step* hides_placeholder(const Task& task) {
  for (const Step& step : task.run) {
    if (!step.shell || step.words[0].parts().size() < 2) continue;
    Quoting quoting(task.shell);
    for (const Template::Part& part : step.words[0].parts()) {
      if (!part.placeholder) {
        quoting.read(part.text);
      } else if (quoting.place() == Quoting::Place::kVerbatim) {
        return &step;
      } else {
        quoting.pass_parameter();
      }
    }
  }
  return nullptr;
}

std::vector<PlannedStep> plan_steps(const Task& task, const std::vector<Step>& steps, const Values& values) {
  const bool append = appends_extra(steps, values);
  std::vector<PlannedStep> planned;
  for (const Step& step : steps) {
    const bool append_here = append && &step == &steps.back();
    planned.push_back(step.shell ? plan_shell(step, values, task.shell, append_here)
                                 : plan_argv(step, values, append_here));
  }
  return planned;
}

}  // namespace devtask
