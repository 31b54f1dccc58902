#include "layers/deb_shell_values.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace mlpack::shell {
namespace {

constexpr std::size_t longest_value = std::size_t{1} << 16;

constexpr const char* name_letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

bool is_field_separator(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

// `$@` or `"$@"`; a quote begins with an empty piece.
bool is_all_arguments(const Word& word) {
  if (word.empty() || word.size() > 2) return false;
  const Piece& last = word.back();
  return last.kind == Piece::Kind::variable && last.text == "@" &&
         (word.size() == 1 || (word[0].quoted && word[0].text.empty()));
}

bool is_option(std::string_view word) {
  return (word.starts_with('-') || word.starts_with('+')) && word != "--";
}

// Gathers the fields of one word.
class Splitter {
 public:
  explicit Splitter(Fields& fields) : fields_(fields) {}
  ~Splitter() = default;
  Splitter(const Splitter&) = delete;
  Splitter& operator=(const Splitter&) = delete;

  void add_whole(const std::string& text) {
    field_ += text;
    begun_ = true;
  }
  void add_unknown() {
    known_ = false;
    begun_ = true;
  }
  void add_split(const std::string& text) {
    for (const char c : text) {
      if (is_field_separator(c)) {
        finish();
      } else {
        field_ += c;
        begun_ = true;
      }
    }
  }
  void finish() {
    if (begun_) fields_.push_back(known_ ? std::optional(field_) : std::nullopt);
    field_.clear();
    known_ = true;
    begun_ = false;
  }

 private:
  Fields& fields_;
  std::string field_;
  bool known_ = true;
  bool begun_ = false;
};

}  // namespace

Truth negate(Truth truth) {
  if (truth == Truth::unknown) return truth;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

Truth truth_of(bool value) {
  return value ? Truth::yes : Truth::no;
}

Values::Values(const ShellFacts& facts,
               std::function<std::optional<std::string>(const std::string&)> output_of)
    : output_of_(std::move(output_of)),
      arguments_(facts.arguments.begin(), facts.arguments.end()),
      variables_(facts.variables.begin(), facts.variables.end()) {}

void Values::set(const std::string& name, const std::optional<std::string>& value, Truth reached) {
  const auto known = variables_.find(name);
  const bool differs = known != variables_.end() && known->second != value;
  const bool lost =
      (reached == Truth::unknown && differs) || (value && value->size() > longest_value);
  variables_[name] = lost ? std::nullopt : value;
}

bool Values::assign(const Word& word, Truth reached) {
  if (word.empty() || word[0].kind != Piece::Kind::text || word[0].quoted) return false;
  const std::size_t equals = word[0].text.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  const std::string name = word[0].text.substr(0, equals);
  if (name.find_first_not_of(name_letters) != std::string::npos) return false;
  Word value = word;
  value[0].text.erase(0, equals + 1);
  set(name, expand_one(value), reached);
  return true;
}

std::optional<std::string> Values::value_of(const std::string& name) const {
  if (name.size() == 1 && name[0] >= '1' && name[0] <= '9') {
    const auto index = static_cast<std::size_t>(name[0] - '1');
    return index < arguments_.size() ? arguments_[index] : "";
  }
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::nullopt : found->second;
}

std::optional<std::string> Values::value_of(const Piece& piece) {
  if (exhausted() || piece.kind == Piece::Kind::unknown) return std::nullopt;
  if (piece.kind == Piece::Kind::text) return piece.text;
  if (piece.kind == Piece::Kind::substitution) return output_of_(piece.text);
  auto value = value_of(piece.text);
  if (!piece.fallback || (value && !value->empty())) return value;
  const bool unset = !value && variables_.count(piece.text) == 0;
  return value || unset ? piece.fallback : std::nullopt;
}

std::optional<std::string> Values::expand_one(const Word& word) {
  std::string text;
  bool known = true;
  for (const Piece& piece : word) {
    const auto value = value_of(piece);
    known = known && value;
    text += value.value_or("");
    spent_ += value.value_or("").size();
  }
  return known ? std::optional(text) : std::nullopt;
}

Fields Values::expand(std::span<const Word> words) {
  Fields fields;
  for (const Word& word : words)
    expand_into(fields, word);
  return fields;
}

void Values::expand_into(Fields& fields, const Word& word) {
  if (is_all_arguments(word)) {
    fields.insert(fields.end(), arguments_.begin(), arguments_.end());
    return;
  }
  Splitter splitter(fields);
  for (const Piece& piece : word) {
    const auto value = value_of(piece);
    const bool is_text = piece.kind == Piece::Kind::text;
    const bool glob =
        is_text && !piece.quoted && piece.text.find_first_of("*?") != std::string::npos;
    spent_ += value.value_or("").size() + 1;
    if (!value || glob) {
      splitter.add_unknown();
    } else if (piece.quoted || is_text) {
      splitter.add_whole(*value);
    } else {
      splitter.add_split(*value);
    }
  }
  splitter.finish();
}

Fields Values::exchange_arguments(Fields arguments) {
  return std::exchange(arguments_, std::move(arguments));
}

// An argument that is certain to be there, but may have changed, is unknown.
void Values::change_arguments(Fields changed, Truth reached) {
  if (reached != Truth::yes) {
    const std::size_t size = std::max(changed.size(), arguments_.size());
    changed.resize(size, "");
    arguments_.resize(size, "");
    for (std::size_t i = 0; i < size; ++i) {
      if (changed[i] != arguments_[i]) changed[i] = std::nullopt;
    }
  }
  arguments_ = std::move(changed);
}

Truth Values::set_arguments(const Fields& fields, Truth reached) {
  auto next = fields.begin() + 1;
  while (next != fields.end() && is_option(next->value_or(""))) {
    const bool named = next->value_or("").ends_with('o');  // `-o pipefail`
    ++next;
    if (named && next != fields.end()) ++next;
  }
  if (next == fields.end()) return Truth::yes;
  if (*next == "--") ++next;
  change_arguments({next, fields.end()}, reached);
  return Truth::yes;
}

Truth Values::shift(const Fields& fields, Truth reached) {
  const std::string text = fields.size() > 1 ? fields[1].value_or("") : "";
  std::size_t count = 1;
  std::from_chars(text.data(), text.data() + text.size(), count);
  count = std::min(count, arguments_.size());
  Fields left(arguments_.begin() + static_cast<std::ptrdiff_t>(count), arguments_.end());
  change_arguments(std::move(left), reached);
  return Truth::yes;
}

Truth evaluate_test(std::vector<std::string> words,
                    const std::function<bool(const std::string&)>& exists) {
  if (!words.empty() && words[0] == "!") {
    words.erase(words.begin());
    return negate(evaluate_test(std::move(words), exists));
  }
  if (words.size() == 1) return truth_of(!words[0].empty());
  if (words.size() == 2 && words[0] == "-n") return truth_of(!words[1].empty());
  if (words.size() == 2 && words[0] == "-z") return truth_of(words[1].empty());
  if (words.size() == 2 && words[0].size() == 2 &&
      std::string("efrx").find(words[0][1]) != std::string::npos) {
    return words[0][0] == '-' && exists && exists(words[1]) ? Truth::yes : Truth::unknown;
  }
  if (words.size() == 3 && (words[1] == "=" || words[1] == "=="))
    return truth_of(words[0] == words[2]);
  if (words.size() == 3 && words[1] == "!=") return truth_of(words[0] != words[2]);
  return Truth::unknown;
}

}  // namespace mlpack::shell
