#pragma once

#include "lib/sink.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The value of a field of one paragraph of `Name: value` lines (deb822(5)), continuation lines
/// included as they are, without the space around; empty where the field is missing. Names ignore
/// case.
std::string_view deb_field(std::string_view paragraph, std::string_view name);

/// The paragraphs of a deb822 text, without comment lines.
std::vector<std::string> deb_paragraphs(std::string_view text);

/// Takes a deb822 text in pieces of any size and calls `each` with every paragraph. A paragraph of
/// more than 512 KiB is Fault::integrity. `finish` gives the last one.
class ParagraphSink : public Sink {
 public:
  explicit ParagraphSink(std::function<void(std::string_view)> each) : each_(std::move(each)) {}
  void write(Bytes bytes) override;
  void finish();

 private:
  std::function<void(std::string_view)> each_;
  std::string pending_;
  std::size_t searched_ = 0;
};

/// One alternative of a dependency: `python3:any (>= 3.11)` is name `python3`.
std::string_view dependency_name(std::string_view alternative);

/// The dependencies of a field such as `Depends`: one item for each comma, the alternatives (`|`)
/// of each, trimmed and with their version.
std::vector<std::vector<std::string_view>> dependencies(std::string_view field);

}  // namespace mlpack
