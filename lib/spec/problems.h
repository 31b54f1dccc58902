#pragma once

#include "lib/error.h"
#include "lib/spec/place.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Collects what is wrong with a file, to report it in one go.
class Problems {
 public:
  explicit Problems(std::string file, Fault fault = Fault::usage)
      : file_(std::move(file)), fault_(fault) {}

  /// `hint` says what to write instead and may be empty. What looks like a secret is masked,
  /// control characters are made visible, and what is too long to be read is cut.
  void add(Place place, std::string_view message, std::string_view hint = {});
  bool empty() const { return found_.empty(); }
  /// Enough were found that more need no hints that cost time: most would be counted, not listed.
  bool is_full() const;
  const std::string& file() const { return file_; }

  /// Throws the one Error of all problems, in the order of the file, where there are any. Past a
  /// hundred they are counted, not listed.
  void raise_if_any();
  /// add, then raise_if_any: for what makes reading on pointless.
  [[noreturn]] void fatal(Place place, std::string_view message, std::string_view hint = {});

 private:
  [[noreturn]] void raise();

  std::string file_;
  Fault fault_;
  std::vector<Where> found_;
};

/// `file:line:column: error: message`, the source line with a caret under it, and the hint; ends in
/// a newline. `source` is the text of the file, or empty where it is not at hand. Secrets in the
/// source line are masked.
std::string format_problem(const Where& where, std::string_view source);

}  // namespace mlpack
