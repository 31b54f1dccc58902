#include "lib/resolve/modelfile.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace mlpack {
namespace {

using Json = nlohmann::json;

// The options of a model (api/types.go of Ollama), by what their values are.
constexpr std::array<std::string_view, 11> whole_options{"num_keep",
                                                         "seed",
                                                         "num_predict",
                                                         "top_k",
                                                         "repeat_last_n",
                                                         "num_ctx",
                                                         "num_batch",
                                                         "num_gpu",
                                                         "main_gpu",
                                                         "num_thread",
                                                         "draft_num_predict"};
constexpr std::array<std::string_view, 7> real_options{"temperature",
                                                       "top_p",
                                                       "min_p",
                                                       "typical_p",
                                                       "repeat_penalty",
                                                       "presence_penalty",
                                                       "frequency_penalty"};
constexpr std::string_view list_option = "stop";
constexpr std::string_view flag_option = "use_mmap";

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct Instruction {
  std::string name;  // in lower case
  std::string value;
  std::size_t line;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  // The next instruction; false at the end.
  bool next(Instruction& instruction) {
    skip_blank();
    if (rest_.empty()) return false;
    instruction.line = line_;
    instruction.name = to_lower(word());
    instruction.value = value();
    return true;
  }

  [[noreturn]] void refuse(std::size_t line, const std::string& what, const std::string& hint) {
    throw Error(Fault::usage, what, hint, {{name_, line, 1, what}});
  }

 private:
  void take(std::size_t count) {
    line_ += static_cast<std::size_t>(
        std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count), '\n'));
    rest_.remove_prefix(count);
  }

  void skip_blank() {
    for (;;) {
      take(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      if (!rest_.starts_with('#')) return;
      take(std::min(rest_.find('\n'), rest_.size()));
    }
  }

  std::string word() {
    const std::size_t end = std::min(rest_.find_first_of(" \t\r\n"), rest_.size());
    std::string text(rest_.substr(0, end));
    take(end);
    take(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    return text;
  }

  // To the end of the line, or what stands between quotes, which may be three.
  std::string value() {
    for (const std::string_view quotes : {std::string_view("\"\"\""), std::string_view("\"")}) {
      if (!rest_.starts_with(quotes)) continue;
      const std::size_t line = line_;
      take(quotes.size());
      std::size_t end = rest_.find(quotes);
      // One quote ends a value at the end of a line alone.
      while (quotes.size() == 1 && end != std::string_view::npos && !ends_line(end + 1)) {
        end = rest_.find(quotes, end + 1);
      }
      if (end == std::string_view::npos) {
        refuse(line, fmt::format("no {} ends the value", quotes), "close the quotes");
      }
      std::string text(rest_.substr(0, end));
      take(end + quotes.size());
      return text;
    }
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string text(trim(rest_.substr(0, end)));
    take(end);
    return text;
  }

  bool ends_line(std::size_t at) const {
    const std::size_t next = rest_.find_first_not_of(" \t\r", at);
    return next == std::string_view::npos || rest_[next] == '\n';
  }

  std::string_view rest_;
  const std::string& name_;
  std::size_t line_ = 1;
};

// `NAME VALUE` of a parameter or message; the value's quotes go, too.
std::pair<std::string, std::string> split_value(const std::string& value) {
  const std::size_t blank = value.find_first_of(" \t");
  if (blank == std::string::npos) return {value, ""};
  std::string_view rest = trim(std::string_view(value).substr(blank));
  for (const std::string_view quotes : {std::string_view("\"\"\""), std::string_view("\"")}) {
    if (rest.size() < 2 * quotes.size() || !rest.starts_with(quotes) || !rest.ends_with(quotes)) {
      continue;
    }
    rest = rest.substr(quotes.size(), rest.size() - 2 * quotes.size());
    break;
  }
  return {value.substr(0, blank), std::string(rest)};
}

Json parameter_value(const std::string& name, const std::string& value) {
  const char* const end = value.data() + value.size();
  if (name == list_option) return value;
  if (name == flag_option) {
    if (value == "true" || value == "false") return value == "true";
    return nullptr;
  }
  if (is_among(whole_options, name)) {
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), end, number);
    return read.ec == std::errc() && read.ptr == end ? Json(number) : Json(nullptr);
  }
  double number = 0;
  const auto read = std::from_chars(value.data(), end, number);
  const bool is_good = read.ec == std::errc() && read.ptr == end && std::isfinite(number);
  return is_good ? Json(number) : Json(nullptr);
}

void add_parameter(Modelfile& file, const Instruction& instruction, Reader& reader) {
  auto [name, value] = split_value(instruction.value);
  const bool known = is_among(whole_options, name) || is_among(real_options, name) ||
                     name == list_option || name == flag_option;
  if (!known) {
    std::vector<std::string_view> names(whole_options.begin(), whole_options.end());
    names.insert(names.end(), real_options.begin(), real_options.end());
    names.insert(names.end(), {list_option, flag_option});
    const auto slip = did_you_mean(name.substr(0, 64), names);
    reader.refuse(instruction.line,
                  fmt::format("Ollama has no parameter `{}`", printable(name)),
                  slip ? fmt::format("did you mean `{}`?", *slip) : "take the line out");
  }
  if (parameter_value(name, value).is_null()) {
    reader.refuse(instruction.line,
                  fmt::format("the parameter `{}` cannot be `{}`", name, printable(value)),
                  "write a number, or for `use_mmap` true or false");
  }
  file.parameters.emplace_back(std::move(name), std::move(value));
}

void add_message(Modelfile& file, const Instruction& instruction, Reader& reader) {
  auto message = split_value(instruction.value);
  const std::array<std::string_view, 3> roles{"system", "user", "assistant"};
  if (!is_among(roles, message.first)) {
    reader.refuse(instruction.line,
                  fmt::format("`{}` is no role", printable(message.first)),
                  "write `system`, `user` or `assistant`");
  }
  file.messages.push_back(std::move(message));
}

void add(Modelfile& file, const Instruction& instruction, Reader& reader) {
  const std::string& name = instruction.name;
  if (name == "from") {
    file.from = instruction.value;
  } else if (name == "template") {
    file.chat_template = instruction.value;
  } else if (name == "system") {
    file.system = instruction.value;
  } else if (name == "license") {
    file.licenses.push_back(instruction.value);
  } else if (name == "parameter") {
    add_parameter(file, instruction, reader);
  } else if (name == "message") {
    add_message(file, instruction, reader);
  } else if (name == "requires") {
    file.requires_release = instruction.value;
  } else if (name == "renderer") {
    file.renderer = instruction.value;
  } else if (name == "parser") {
    file.parser = instruction.value;
  } else if (name == "adapter" || name == "draft") {
    reader.refuse(instruction.line,
                  fmt::format("{} cannot be packaged", to_lower(name)),
                  name == "draft" ? "take the line out"
                                  : "Ollama takes adapters no more: merge it into the model");
  } else {
    reader.refuse(instruction.line,
                  fmt::format("`{}` is no instruction of a Modelfile", printable(name)),
                  "there are: FROM, PARAMETER, TEMPLATE, SYSTEM, LICENSE, MESSAGE, REQUIRES, "
                  "RENDERER, PARSER");
  }
}

// Of `stop` there may be several.
Json parameters_of(const Modelfile& file) {
  Json parameters = Json::object();
  for (const auto& [name, value] : file.parameters) {
    if (name == list_option) {
      parameters[name].push_back(value);
    } else {
      parameters[name] = parameter_value(name, value);
    }
  }
  return parameters;
}

Json messages_of(const Modelfile& file) {
  Json messages = Json::array();
  for (const auto& [role, text] : file.messages)
    messages.push_back({{"role", role}, {"content", text}});
  return messages;
}

}  // namespace

Modelfile parse_modelfile(std::string_view text, const std::string& name) {
  Modelfile file;
  Reader reader(text, name);
  if (!is_utf8(text)) reader.refuse(1, "the Modelfile is not UTF-8", "save it as UTF-8");
  for (Instruction instruction; reader.next(instruction);)
    add(file, instruction, reader);
  return file;
}

std::vector<std::pair<std::string, std::string>> blobs_of(const Modelfile& file) {
  std::vector<std::pair<std::string, std::string>> blobs;
  if (!file.chat_template.empty()) blobs.emplace_back("template", file.chat_template);
  if (!file.system.empty()) blobs.emplace_back("system", file.system);
  for (const std::string& license : file.licenses)
    blobs.emplace_back("license", license);
  if (!file.parameters.empty()) blobs.emplace_back("params", parameters_of(file).dump());
  if (!file.messages.empty()) blobs.emplace_back("messages", messages_of(file).dump());
  return blobs;
}

}  // namespace mlpack
