#pragma once

#include "layers/deb_shell.h"
#include "layers/deb_shell_words.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlpack::shell {

/// The outcome of a condition, and whether a place in the script is reached.
enum class Truth { no, unknown, yes };
Truth negate(Truth truth);
Truth truth_of(bool value);

/// Words after expansion; one that cannot be told is nullopt.
using Fields = std::vector<std::optional<std::string>>;

/// The variables and arguments of a script that is read, and what words mean with them.
class Values {
 public:
  /// `output_of` reads a command substitution.
  Values(const ShellFacts& facts,
         std::function<std::optional<std::string>(const std::string&)> output_of);

  /// Set where it is not certain, a variable is known only as long as that does not change it.
  void set(const std::string& name, const std::optional<std::string>& value, Truth reached);
  /// `NAME=value` in front of a command; false where the word is no such thing.
  bool assign(const Word& word, Truth reached);
  std::optional<std::string> value_of(const std::string& name) const;

  /// The text of a word that is not split, as in `case` and assignments.
  std::optional<std::string> expand_one(const Word& word);
  /// As the shell does it: values that are not quoted fall apart at blanks, into no field at all if
  /// there is nothing else.
  Fields expand(std::span<const Word> words);

  /// Puts other arguments in place and returns those before.
  Fields exchange_arguments(Fields arguments);
  /// `set [OPTION…] [--] [ARGUMENT…]` and `shift [COUNT]`, with the name in front.
  Truth set_arguments(const Fields& fields, Truth reached);
  Truth shift(const Fields& fields, Truth reached);

  using Variables = std::map<std::string, std::optional<std::string>>;
  const Variables& variables() const { return variables_; }
  void restore(Variables variables) { variables_ = std::move(variables); }

  /// True once more text was made than a sane script makes; values are unknown from then on.
  bool exhausted() const { return spent_ > most_text; }

 private:
  static constexpr std::size_t most_text = std::size_t{64} << 20;

  std::optional<std::string> value_of(const Piece& piece);
  void expand_into(Fields& fields, const Word& word);
  void change_arguments(Fields changed, Truth reached);

  std::function<std::optional<std::string>(const std::string&)> output_of_;
  Fields arguments_;
  Variables variables_;
  std::size_t spent_ = 0;
};

/// What `test` and `[` make of their words (the closing bracket taken off).
Truth evaluate_test(std::vector<std::string> words,
                    const std::function<bool(const std::string&)>& exists);

}  // namespace mlpack::shell
