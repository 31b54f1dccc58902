#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A JSON object as it is written, for edits of other people's files: what is not edited stays byte
/// for byte, blanks and numbers that no double can hold included. None of this knows the grammar:
/// the text must have been parsed before (parse_json).
struct ObjectText {
  struct Member {
    std::string name;   // as it reads, not as it is written
    std::size_t begin;  // of the name's quotes
    std::size_t value;
    std::size_t end;  // of the value
  };
  std::size_t open;  // where `{` is
  std::size_t close;
  std::vector<Member> members;

  const Member* find(std::string_view name) const;
};

/// The object whose `{` is at `open`.
ObjectText read_object(std::string_view text, std::size_t open);

/// How the members of an object are laid out.
struct JsonLayout {
  std::string lead = "\n  ";  // between `{` or `,` and a member
  std::string unit = "  ";    // how much deeper the next level is

  JsonLayout deeper() const { return {lead + unit, unit}; }
};
/// That of the object which is the document.
JsonLayout layout_of(std::string_view text, const ObjectText& document);
/// That of an object within it, which follows `outer` where it is empty.
JsonLayout layout_of(std::string_view text, const ObjectText& object, const JsonLayout& outer);

/// `text` with the member `name` of `object` replaced, or added behind the others.
std::string put_member(std::string text,
                       const ObjectText& object,
                       const std::string& name,
                       const nlohmann::ordered_json& value,
                       const JsonLayout& layout);
/// `text` without the member at `index`, and without the comma that goes with it.
std::string drop_member(std::string text, const ObjectText& object, std::size_t index);

}  // namespace mlpack
