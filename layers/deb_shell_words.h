#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack::shell {

/// A part of a word: text as it is, or what is put in its place when the script runs.
struct Piece {
  enum class Kind { text, variable, substitution, unknown };
  Kind kind = Kind::text;
  std::string text;     // the text, the variable's name, or the script of the substitution
  bool quoted = false;  // a quoted piece is never split into words
  std::optional<std::string> fallback = {};  // of `${name:-fallback}`
};

using Word = std::vector<Piece>;

/// What ends a command.
enum class End { line, both, either, pipe, open, close, arm };

struct Command {
  std::vector<Word> words;
  End end = End::line;
};

/// The word's text where it is one piece of plain unquoted text, else empty: keywords look so.
std::string_view plain(const Word& word);

/// The commands of a script in a row: keywords are words, redirections and here-documents are left
/// out, `;`, newline and `&` end a command with `line`, `&&` `both`, `||` `either`, `|` `pipe`, `(`
/// `open`, `)` `close`, `;;` `arm`. nullopt where a quote or parenthesis does not end.
std::optional<std::vector<Command>> parse(std::string_view script);

}  // namespace mlpack::shell
