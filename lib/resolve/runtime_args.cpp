#include "lib/resolve/runtime_args.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using ArgsForm = RuntimeArgsForm::Form;
using ListForm = RuntimeArgsForm::Lists;
using Keys = std::set<std::string, std::less<>>;

bool holds(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// `tp` is `-tp` where the runtime writes it so, and a single letter always has one dash.
std::string flag_of(const ServingRuntime& row, const std::string& key) {
  const bool is_short = key.size() == 1 || holds(row.args.short_flags, key);
  return (is_short ? "-" : "--") + key;
}

void add_flag(const ServingRuntime& row,
              const std::string& flag,
              const std::string& value,
              std::vector<std::string>& words) {
  // What begins with a dash would be taken for a flag.
  const bool is_joined = row.args.joint != " " ||
                         (value.starts_with('-') && flag.size() > 2 && flag.starts_with("--"));
  if (is_joined) {
    words.push_back(flag + "=" + value);
  } else {
    words.push_back(flag);
    words.push_back(value);
  }
}

void add_list(const ServingRuntime& row,
              const std::string& flag,
              const std::vector<std::string>& items,
              std::vector<std::string>& words) {
  if (items.empty()) return;
  if (row.args.lists == ListForm::comma) return add_flag(row, flag, join(items, ","), words);
  if (row.args.lists == ListForm::repeat) {
    for (const std::string& item : items)
      add_flag(row, flag, item, words);
    return;
  }
  words.push_back(flag);
  words.insert(words.end(), items.begin(), items.end());
}

void add_arg(const ServingRuntime& row, const RuntimeArg& arg, std::vector<std::string>& words) {
  const std::string flag = flag_of(row, arg.key);
  switch (arg.kind) {
    case RuntimeArg::Kind::omitted:
      return;
    case RuntimeArg::Kind::flag:
      if (row.args.on.empty()) {
        words.push_back(flag);
      } else {
        add_flag(row, flag, std::string(row.args.on), words);
      }
      return;
    case RuntimeArg::Kind::list:
      return add_list(row, flag, arg.items, words);
    case RuntimeArg::Kind::text:
    case RuntimeArg::Kind::json:
      return add_flag(row, flag, arg.text, words);
  }
}

std::string variable_of(const ServingRuntime& row, const std::string& key) {
  std::string name(row.args.variable);
  for (const char c : key) {
    const bool is_small = c >= 'a' && c <= 'z';
    name += is_small ? static_cast<char>(c - 'a' + 'A') : (c == '-' || c == '.') ? '_' : c;
  }
  return name;
}

void add_variable(const ServingRuntime& row, const RuntimeArg& arg, RuntimeCommand& command) {
  if (arg.kind == RuntimeArg::Kind::omitted) return;
  const std::string value = arg.kind == RuntimeArg::Kind::flag   ? "1"
                            : arg.kind == RuntimeArg::Kind::list ? join(arg.items, ",")
                                                                 : arg.text;
  command.env.emplace_back(variable_of(row, arg.key), value);
}

// As a shell, and Python's shlex, takes it apart again.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

void pass_through(const ServingRuntime& row,
                  const std::vector<std::string>& words,
                  RuntimeCommand& command) {
  if (words.empty()) return;
  std::vector<std::string> shown;
  for (const std::string& word : words)
    shown.push_back(quoted(word));
  command.env.emplace_back(row.args.variable, join(shown, " "));
}

std::string hint_for(const ServingRuntime& row, std::string_view key) {
  for (const RuntimePort& port : row.ports) {
    if (key_of(port.flag) == key) return "write `port`, which says it to the runtime too";
  }
  return "what is served is said by `model`, `adapters` and the `weights` they name";
}

void refuse_reserved(const ServingRuntime& row, const Keys& said) {
  const auto refuse = [&](std::string_view key) {
    if (key.empty() || !said.contains(key)) return;
    throw Error(Fault::usage,
                fmt::format("`runtime.args` says `{}`, which mlpack writes itself", key),
                hint_for(row, key));
  };
  for (const std::string_view key : row.reserved)
    refuse(key);
  for (const RuntimePort& port : row.ports)
    refuse(key_of(port.flag));
}

std::string plain_key(std::string_view key) {
  std::string text(key_of(key).empty() ? key : key_of(key));
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

// `key` and what means the same.
Keys plain_keys(const ServingRuntime& row, std::string_view key) {
  Keys keys{plain_key(key)};
  for (const ServingRuntime::Flag& same : row.same) {
    Keys others;
    for (const std::string_view other : same)
      others.insert(plain_key(other));
    if (others.contains(plain_key(key))) keys.merge(others);
  }
  return keys;
}

// Of `words[at]`, a flag: what follows `=`, or the next word, unless that is a flag, too.
std::string value_at(const std::vector<std::string>& words, std::size_t at) {
  const std::size_t equals = words[at].find('=');
  if (equals != std::string::npos) return words[at].substr(equals + 1);
  const bool has_value = at + 1 < words.size() && key_of(words[at + 1]).empty();
  return has_value ? words[at + 1] : std::string();
}

}  // namespace

std::string_view key_of(std::string_view flag) {
  if (!flag.starts_with('-')) return {};
  flag.remove_prefix(std::min(flag.find_first_not_of('-'), flag.size()));
  return flag.substr(0, flag.find('='));
}

void say(const ServingRuntime& row,
         std::string_view place,
         const std::string& value,
         RuntimeCommand& command) {
  if (place.empty()) return;
  if (place == "positional") {
    command.words.push_back(value);
  } else if (place.starts_with('-')) {
    add_flag(row, std::string(place), value, command.words);
  } else {
    command.env.emplace_back(place, value);
  }
}

Keys said_keys(const ServingRuntime& row, const Runtime& runtime) {
  Keys keys;
  for (const RuntimeArg& arg : runtime.args)
    keys.insert(arg.key);
  for (const std::string& word : runtime.plain_args) {
    if (const std::string_view key = key_of(word); !key.empty()) keys.emplace(key);
  }
  for (const ServingRuntime::Flag& same : row.same) {
    const bool is_said =
        std::any_of(same.begin(), same.end(), [&](auto key) { return keys.contains(key); });
    if (is_said) keys.insert(same.begin(), same.end());
  }
  return keys;
}

std::optional<std::string> said_argument(const ServingRuntime& row,
                                         const Runtime& runtime,
                                         std::string_view key) {
  const Keys keys = plain_keys(row, key);
  std::optional<std::string> said;
  for (const RuntimeArg& arg : runtime.args) {
    const bool is_said = arg.kind != RuntimeArg::Kind::omitted && keys.contains(plain_key(arg.key));
    if (is_said) said = arg.text;
  }
  const std::vector<std::string>& words = runtime.plain_args;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_flag = !key_of(words[i]).empty();
    if (is_flag && keys.contains(plain_key(words[i]))) said = value_at(words, i);
  }
  return said;
}

void say_args(const ServingRuntime& row, const Runtime& runtime, RuntimeCommand& command) {
  refuse_reserved(row, said_keys(row, runtime));
  if (row.args.form == ArgsForm::environment) {
    if (!runtime.plain_args.empty()) {
      throw Error(Fault::usage,
                  fmt::format("{} takes no arguments", row.title),
                  fmt::format("write a map, whose keys become variables: `context-length: 8192` is "
                              "{}",
                              variable_of(row, "context-length")));
    }
    for (const RuntimeArg& arg : runtime.args)
      add_variable(row, arg, command);
    return;
  }
  std::vector<std::string> words;
  for (const RuntimeArg& arg : runtime.args) {
    if (arg.key != row.application_key) add_arg(row, arg, words);
  }
  words.insert(words.end(), runtime.plain_args.begin(), runtime.plain_args.end());
  if (row.args.form == ArgsForm::passthrough) return pass_through(row, words, command);
  command.words.insert(command.words.end(), words.begin(), words.end());
}

}  // namespace mlpack
