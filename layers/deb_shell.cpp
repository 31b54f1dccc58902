#include "layers/deb_shell.h"

#include "layers/deb_shell_values.h"
#include "layers/deb_shell_words.h"

#include <fnmatch.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace mlpack {
namespace {

using shell::Command;
using shell::End;
using shell::Fields;
using shell::Piece;
using shell::Truth;
using shell::Values;
using shell::Word;
using Script = std::shared_ptr<const std::vector<Command>>;

constexpr std::size_t most_steps = 100'000;
constexpr std::size_t deepest_nesting = 200;
constexpr std::size_t most_calls = 10'000;
constexpr std::size_t longest_output = 1 << 16;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view keyword(const Command& command) {
  return command.words.empty() ? std::string_view() : shell::plain(command.words[0]);
}

// How many of the words from `next` on are a keyword with what belongs to it, others behind it.
std::size_t keyword_length(const std::vector<Word>& words, std::size_t next) {
  const std::size_t left = words.size() - next;
  if (left < 2) return 0;
  const std::string_view word = shell::plain(words[next]);
  if (word == "case") return left > 3 ? 3 : 0;
  const bool alone = is_one_of(word, {"if", "then", "elif", "else", "fi", "while", "until"}) ||
                     is_one_of(word, {"do", "done", "{", "}", "!", "esac"});
  return alone ? 1 : 0;
}

// Makes every keyword a command of its own, so that `then foo` reads like `then` and `foo`.
std::vector<Command> spread(const std::vector<Command>& commands) {
  std::vector<Command> found;
  for (const Command& command : commands) {
    auto next = command.words.begin();
    while (const auto length = static_cast<std::ptrdiff_t>(keyword_length(
               command.words, static_cast<std::size_t>(next - command.words.begin())))) {
      found.push_back({{next, next + length}, End::line});
      next += length;
    }
    found.push_back({{next, command.words.end()}, command.end});
  }
  return found;
}

// Walks through a script. A place in it is an index into its commands; whatever reads a construct
// takes the index of its first command and leaves it behind the last one.
class Reader {
 public:
  Reader(const std::string& wanted, const ShellFacts& facts)
      : wanted_(wanted),
        facts_(facts),
        values_(facts, [this](const std::string& text) { return output_of(text); }) {}

  bool read(std::string_view text) {
    auto commands = shell::parse(text);
    if (!commands || depth_ > deepest_nesting) return false;
    const Script outer =
        std::exchange(script_, std::make_shared<const std::vector<Command>>(spread(*commands)));
    ++depth_;
    std::size_t place = 0;
    while (!over(place)) {
      list(place, Truth::yes, {});
      ++place;  // a terminator without its beginning
    }
    --depth_;
    script_ = outer;
    return !failed_ && !values_.exhausted();
  }

  std::vector<ShellCall> calls() { return std::move(calls_); }

 private:
  struct Function {
    Script script;
    std::size_t place = 0;
  };

  const Command& at(std::size_t place) const { return (*script_)[place]; }
  bool over(std::size_t place) const {
    return place >= script_->size() || failed_ || values_.exhausted();
  }

  // Commands up to one that begins with one of `ends`, or one that closes a subshell or an arm.
  Truth list(std::size_t& place, Truth reached, std::initializer_list<std::string_view> ends) {
    Truth status = Truth::yes;
    Truth turn = Truth::yes;  // whether && and || let the next one run
    while (!over(place) && !is_one_of(keyword(at(place)), ends)) {
      const Truth allowed = std::min(stopped_ ? Truth::no : reached, turn);
      const Truth outcome = one(place, allowed);
      if (turn == Truth::yes) status = outcome;
      if (turn == Truth::unknown) status = Truth::unknown;
      if (last_end_ == End::close || last_end_ == End::arm) break;
      turn = next_turn(status);
    }
    return status;
  }

  Truth next_turn(Truth status) const {
    if (last_end_ == End::both) return status;
    if (last_end_ == End::either) return shell::negate(status);
    return Truth::yes;
  }

  Truth one(std::size_t& place, Truth reached) {
    if (++steps_ > most_steps || depth_ > deepest_nesting) failed_ = true;
    if (over(place)) return Truth::unknown;
    ++depth_;
    const Truth status = construct(place, reached);
    --depth_;
    return status;
  }

  Truth construct(std::size_t& place, Truth reached) {
    const Command& command = at(place);
    const std::string_view word = keyword(command);
    last_end_ = command.end;
    if (word == "if") return read_if(place, reached);
    if (word == "while" || word == "until") return read_while(place, reached);
    if (word == "for") return read_for(place, reached);
    if (word == "case") return read_case(place, reached);
    if (word == "{") return read_group(place, reached);
    if (word == "!") return shell::negate(one(++place, reached));
    if (command.end == End::open) return read_parenthesis(place, reached);
    ++place;
    const Truth status = reached == Truth::no ? Truth::unknown : simple(command, reached);
    last_end_ = command.end;
    return command.end == End::pipe ? Truth::unknown : status;
  }

  void close(std::size_t& place) {
    if (over(place)) return;
    last_end_ = at(place).end;
    ++place;
  }

  Truth read_if(std::size_t& place, Truth reached) {
    Truth left = reached;  // for the branches that come
    while (!over(place) && is_one_of(keyword(at(place)), {"if", "elif"})) {
      const Truth condition = list(++place, left, {"then"});
      list(++place, std::min(left, condition), {"elif", "else", "fi"});
      left = std::min(left, shell::negate(condition));
    }
    if (!over(place) && keyword(at(place)) == "else") list(++place, left, {"fi"});
    close(place);
    return Truth::unknown;
  }

  Truth read_while(std::size_t& place, Truth reached) {
    list(++place, std::min(reached, Truth::unknown), {"do"});
    list(++place, std::min(reached, Truth::unknown), {"done"});
    close(place);
    return Truth::unknown;
  }

  Truth read_for(std::size_t& place, Truth reached) {
    const Command& head = at(place);
    const std::string name(head.words.size() > 1 ? shell::plain(head.words[1]) : "");
    Fields values;
    if (reached != Truth::no && head.words.size() > 3) {
      values = values_.expand(std::span(head.words).subspan(3));
    }
    while (!over(place) && keyword(at(place)) != "do")
      ++place;
    const std::size_t begin = ++place;
    for (const auto& value : values) {
      values_.set(name, value, Truth::yes);
      place = begin;
      list(place, value ? reached : std::min(reached, Truth::unknown), {"done"});
    }
    if (values.empty()) list(place, Truth::no, {"done"});
    close(place);
    return Truth::unknown;
  }

  Truth read_case(std::size_t& place, Truth reached) {
    const Command& head = at(place);
    std::optional<std::string> value;
    if (reached != Truth::no && head.words.size() > 1) value = values_.expand_one(head.words[1]);
    Truth left = reached;
    ++place;
    while (!over(place) && keyword(at(place)) != "esac") {
      const std::size_t before = place;
      const Truth match = read_patterns(place, value);
      list(place, std::min(left, match), {"esac"});
      left = std::min(left, shell::negate(match));
      if (place == before) ++place;
    }
    close(place);
    return Truth::unknown;
  }

  Truth read_patterns(std::size_t& place, const std::optional<std::string>& value) {
    Truth match = Truth::no;
    while (!over(place)) {
      const Command& command = at(place++);
      for (const Word& word : command.words)
        match = std::max(match, matches(word, value));
      if (command.end == End::close) break;
    }
    return match;
  }

  static Truth matches(const Word& pattern, const std::optional<std::string>& value) {
    std::string text;
    for (const Piece& piece : pattern) {
      if (piece.kind != Piece::Kind::text) return Truth::unknown;
      text += piece.text;
    }
    if (text == "*") return Truth::yes;
    if (!value) return Truth::unknown;
    return shell::truth_of(fnmatch(text.c_str(), value->c_str(), 0) == 0);
  }

  Truth read_group(std::size_t& place, Truth reached) {
    const Truth status = list(++place, reached, {"}"});
    close(place);
    return status;
  }

  // `name()` and what it stands for, or a subshell.
  Truth read_parenthesis(std::size_t& place, Truth reached) {
    const Command& command = at(place++);
    if (command.words.size() == 1 && !over(place) && at(place).words.empty() &&
        at(place).end == End::close) {
      functions_[std::string(keyword(command))] = {script_, ++place};
      one(place, Truth::no);
      return Truth::yes;
    }
    const Values::Variables variables = values_.variables();
    const bool stopped = stopped_;
    list(place, reached, {});
    stopped_ = stopped;  // it leaves the subshell alone
    values_.restore(variables);
    last_end_ = End::line;
    // What stands between the closing parenthesis and the next command is a command without words.
    if (!over(place) && at(place).words.empty() && at(place).end != End::open) close(place);
    return Truth::unknown;
  }

  Truth simple(const Command& command, Truth reached) {
    Fields fields;
    bool assigning = true;
    for (const Word& word : command.words) {
      if (assigning && values_.assign(word, reached)) continue;
      const Fields more = values_.expand(std::span(&word, 1));
      fields.insert(fields.end(), more.begin(), more.end());
      assigning =
          fields.empty() || (fields[0] && is_one_of(*fields[0], {"local", "export", "readonly"}));
    }
    if (fields.empty()) return Truth::yes;
    if (!fields[0]) return unreadable();
    if (*fields[0] == wanted_) {
      calls_.emplace_back(fields.begin() + 1, fields.end());
      if (calls_.size() > most_calls) failed_ = true;
      return Truth::unknown;
    }
    if (const auto found = functions_.find(*fields[0]); found != functions_.end()) {
      return call(found->second, fields, reached);
    }
    return builtin(fields, reached);
  }

  Truth call(const Function& function, const Fields& fields, Truth reached) {
    const Script outer = std::exchange(script_, function.script);
    const bool outer_returned = std::exchange(returned_, false);
    Fields arguments = values_.exchange_arguments({fields.begin() + 1, fields.end()});
    std::size_t place = function.place;
    const Truth status = one(place, reached);
    if (!exited_) stopped_ = false;
    script_ = outer;
    values_.exchange_arguments(std::move(arguments));
    return std::exchange(returned_, outer_returned) ? Truth::unknown : status;
  }

  Truth builtin(const Fields& fields, Truth reached) {
    const std::string name = fields[0].value_or("");
    if (name == "echo") return echo(fields, reached);
    if (name == "[" || name == "test") return test(fields);
    if (is_one_of(name, {":", "true", "local", "export", "readonly"})) return Truth::yes;
    if (name == "false") return Truth::no;
    if (name == "unset") return assign_all(fields, "", reached);
    if (name == "read") return assign_all(fields, std::nullopt, Truth::yes);
    if (name == "exit" || name == "return") return stop(name == "exit", reached);
    if (name == "set") return values_.set_arguments(fields, reached);
    if (name == "shift") return values_.shift(fields, reached);
    if (name == "dpkg" && fields.size() == 2 && fields[1] == "--print-architecture") {
      output_ += values_.value_of("DPKG_MAINTSCRIPT_ARCH").value_or("");
      return Truth::yes;
    }
    return unreadable();
  }

  Truth test(const Fields& fields) const {
    std::vector<std::string> words;
    for (const auto& field : std::span(fields).subspan(1)) {
      if (!field) return Truth::unknown;
      words.push_back(*field);
    }
    if (fields[0] == "[" && !words.empty()) words.pop_back();
    return shell::evaluate_test(std::move(words), facts_.exists);
  }

  Truth assign_all(const Fields& fields, const std::optional<std::string>& value, Truth reached) {
    for (const auto& field : std::span(fields).subspan(1)) {
      if (field) values_.set(*field, value, reached);
    }
    return value ? Truth::yes : unreadable();
  }

  // A command that may print anything.
  Truth unreadable() {
    output_known_ = false;
    return Truth::unknown;
  }

  Truth stop(bool exits, Truth reached) {
    if (!exits) returned_ = true;
    if (reached == Truth::yes) {
      stopped_ = true;
      exited_ = exits;
    }
    return Truth::yes;
  }

  Truth echo(const Fields& fields, Truth reached) {
    if (reached != Truth::yes) output_known_ = false;
    for (std::size_t i = 1; i < fields.size(); ++i) {
      if (!fields[i]) output_known_ = false;
      output_ += fields[i].value_or("") + (i + 1 < fields.size() ? " " : "");
    }
    output_ += '\n';
    if (output_.size() > longest_output) failed_ = true;
    return Truth::yes;
  }

  std::optional<std::string> output_of(const std::string& text) {
    const std::string outer = std::exchange(output_, {});
    const bool outer_known = std::exchange(output_known_, true);
    const Values::Variables variables = values_.variables();
    if (!read(text)) output_known_ = false;
    stopped_ = exited_ = false;  // it leaves the substitution alone
    values_.restore(variables);
    std::string output = std::exchange(output_, outer);
    while (output.ends_with('\n'))
      output.pop_back();
    const bool known = std::exchange(output_known_, outer_known);
    return known ? std::optional(output) : std::nullopt;
  }

  const std::string& wanted_;
  const ShellFacts& facts_;
  Script script_;
  Values values_;
  std::map<std::string, Function> functions_;
  std::vector<ShellCall> calls_;
  std::string output_;
  bool output_known_ = true;
  End last_end_ = End::line;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  bool failed_ = false;
  bool stopped_ = false;
  bool exited_ = false;
  bool returned_ = false;  // with a status that is not kept
};

}  // namespace

std::optional<std::vector<ShellCall>> read_shell(std::string_view script,
                                                 const std::string& command,
                                                 const ShellFacts& facts) {
  const std::string_view first = script.substr(0, script.find('\n'));
  if (first.starts_with("#!") && first.find("sh") == std::string_view::npos) return std::nullopt;
  Reader reader(command, facts);
  if (!reader.read(script)) return std::nullopt;
  return reader.calls();
}

}  // namespace mlpack
