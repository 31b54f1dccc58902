#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// `text` as a C++ literal.
std::string cpp_literal(std::string_view text);

/// Writes a generated source: constant arrays, and the constants of lib/catalog/tables.h that refer
/// to them.
class TableWriter {
 public:
  /// A span of constants of `type` that are written as `items` are; equal lists are there once.
  std::string list(const std::string& type, const std::vector<std::string>& items);
  /// The same of texts.
  std::string list(const std::vector<std::string>& texts);

  /// `constexpr std::array<type, n> name{…}` with a row for each of `rows`.
  void array(const std::string& type,
             const std::string& name,
             const std::vector<std::string>& rows);
  /// `const std::span<const type> name = name_rows`, which has to be an array.
  void span_of(const std::string& type, const std::string& name);
  /// A function that only this source has.
  void local(const std::string& definition) { text_ += "\n" + definition; }
  void constant(const std::string& declaration) { exports_ += declaration; }

  std::string finish() const;

 private:
  std::string text_;
  std::string exports_;
  std::map<std::string, std::string> lists_;
};

}  // namespace mlpack
