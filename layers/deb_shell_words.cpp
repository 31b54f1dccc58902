#include "layers/deb_shell_words.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mlpack::shell {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<std::vector<Command>> run() {
    while (!at_end() && !broken_)
      step();
    end_command(End::line);
    if (broken_) return std::nullopt;
    return std::move(commands_);
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char here(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool take(std::string_view expected) {
    if (text_.substr(position_, expected.size()) != expected) return false;
    position_ += expected.size();
    return true;
  }
  std::string take_names() {
    const std::size_t begin = position_;
    while (!at_end() && is_name(here()))
      ++position_;
    return std::string(text_.substr(begin, position_ - begin));
  }

  void step() {
    if (is_blank(here())) {
      end_word();
      ++position_;
    } else if (here() == '#' && word_.empty() && !in_word_) {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (!operators() && !redirection()) {
      word_part();
    }
  }

  bool operators() {
    if (take("\\\n")) return true;
    if (take("\n")) return end_line();
    if (take(";;")) return end_command(End::arm);
    if (take("&&")) return end_command(End::both);
    if (take("||")) return end_command(End::either);
    if (here() == '&' && here(1) != '>' && take("&")) return end_command(End::line);
    if (take(";")) return end_command(End::line);
    if (take("|")) return end_command(End::pipe);
    if (take("(")) return end_command(End::open);
    if (take(")")) return end_command(End::close);
    return false;
  }

  bool end_line() {
    end_command(End::line);
    for (const std::string& mark : std::exchange(documents_, {}))
      skip_document(mark);
    return true;
  }

  void skip_document(const std::string& mark) {
    while (!at_end()) {
      const std::size_t end = std::min(text_.find('\n', position_), text_.size());
      std::string_view line = text_.substr(position_, end - position_);
      line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      position_ = std::min(end + 1, text_.size());
      if (line == mark) return;
    }
    broken_ = true;
  }

  // `2>/dev/null`, `>&2`, `<<EOF`: what follows it is no argument.
  bool redirection() {
    std::size_t length = 0;
    while (here(length) >= '0' && here(length) <= '9' && !in_word_ && word_.empty())
      ++length;
    if (here(length) == '&' && here(length + 1) == '>') ++length;
    if (here(length) != '<' && here(length) != '>') return false;
    end_word();
    position_ += length;
    const bool document = take("<<-") || take("<<");
    while (here() == '<' || here() == '>' || here() == '&' || here() == '|')
      ++position_;
    while (is_blank(here()))
      ++position_;
    while (!at_end() && !is_blank(here()) &&
           std::string_view("\n;&|()<>").find(here()) == std::string_view::npos && !broken_)
      word_part();
    std::string target;
    for (const Piece& piece : word_)
      target += piece.text;
    if (document) documents_.push_back(target);
    word_.clear();
    in_word_ = false;
    return true;
  }

  void word_part() {
    in_word_ = true;
    const char c = here();
    if (c == '\'') return single_quoted();
    if (c == '"') return double_quoted();
    if (c == '$') return dollar(false);
    if (c == '`') return backtick(false);
    if (c == '\\') ++position_;
    if (at_end()) return;
    add_text(here(), c == '\\');
    ++position_;
  }

  void add_text(char c, bool quoted) {
    if (word_.empty() || word_.back().kind != Piece::Kind::text || word_.back().quoted != quoted) {
      word_.push_back({Piece::Kind::text, {}, quoted});
    }
    word_.back().text += c;
  }

  void single_quoted() {
    const std::size_t end = text_.find('\'', position_ + 1);
    if (end == std::string_view::npos) return break_off();
    const std::string_view inner = text_.substr(position_ + 1, end - position_ - 1);
    word_.push_back({Piece::Kind::text, std::string(inner), true});
    position_ = end + 1;
  }

  void double_quoted() {
    ++position_;
    word_.push_back({Piece::Kind::text, {}, true});
    while (!at_end() && here() != '"' && !broken_) {
      if (here() == '$') {
        dollar(true);
      } else if (here() == '`') {
        backtick(true);
      } else if (!take("\\\n")) {
        const bool escape =
            here() == '\\' && std::string_view("$`\"\\").find(here(1)) != std::string_view::npos;
        if (escape) ++position_;
        add_text(here(), true);
        ++position_;
      }
    }
    if (at_end()) return break_off();
    ++position_;
  }

  void dollar(bool quoted) {
    ++position_;
    if (here() == '(') return parenthesis(quoted);
    if (here() == '{') return braces(quoted);
    if (std::string_view("@*#?$!-").find(here()) != std::string_view::npos && !at_end()) {
      word_.push_back({Piece::Kind::unknown, {}, quoted});
      if (here() == '@' || here() == '*') word_.back() = {Piece::Kind::variable, "@", quoted};
      ++position_;
      return;
    }
    const bool digit = here() >= '0' && here() <= '9';
    const std::string name = digit ? std::string(1, text_[position_++]) : take_names();
    if (name.empty()) return add_text('$', quoted);
    word_.push_back({Piece::Kind::variable, name, quoted});
  }

  void braces(bool quoted) {
    ++position_;
    const std::string name = take_names();
    Piece piece{Piece::Kind::variable, name, quoted};
    if (take(":-")) {
      const std::size_t end = std::min(text_.find('}', position_), text_.size());
      piece.fallback = std::string(text_.substr(position_, end - position_));
      if (piece.fallback->find_first_of("$`\"'\\") != std::string::npos)
        piece.kind = Piece::Kind::unknown;
    } else if (here() != '}') {
      piece.kind = Piece::Kind::unknown;
    }
    if (!skip_to_close('{', '}')) return;
    word_.push_back(piece);
  }

  // Past the bracket that closes one already open; quoted ones inside count as well, which is right
  // for every script in which they come in pairs.
  bool skip_to_close(char open, char close) {
    for (int depth = 1; !at_end(); ++position_) {
      if (here() == '\\') {
        ++position_;
        continue;
      }
      if (here() == open) ++depth;
      if (here() == close && --depth == 0) {
        ++position_;
        return true;
      }
    }
    broken_ = true;
    return false;
  }

  void parenthesis(bool quoted) {
    const bool arithmetic = here(1) == '(';
    const std::size_t begin = ++position_;
    if (!skip_to_close('(', ')')) return;
    const std::string_view inner = text_.substr(begin, position_ - begin - 1);
    word_.push_back({arithmetic ? Piece::Kind::unknown : Piece::Kind::substitution,
                     std::string(inner),
                     quoted});
  }

  void backtick(bool quoted) {
    const std::size_t end = text_.find('`', position_ + 1);
    if (end == std::string_view::npos) return break_off();
    const std::string_view inner = text_.substr(position_ + 1, end - position_ - 1);
    word_.push_back({Piece::Kind::substitution, std::string(inner), quoted});
    position_ = end + 1;
  }

  void break_off() {
    broken_ = true;
    position_ = text_.size();
  }

  void end_word() {
    if (in_word_) command_.words.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  bool end_command(End end) {
    end_word();
    command_.end = end;
    if (!command_.words.empty() || end != End::line) commands_.push_back(std::move(command_));
    command_ = {};
    return true;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  bool broken_ = false;
  bool in_word_ = false;
  Word word_;
  Command command_;
  std::vector<std::string> documents_;
  std::vector<Command> commands_;
};

}  // namespace

std::string_view plain(const Word& word) {
  if (word.size() != 1 || word[0].kind != Piece::Kind::text || word[0].quoted) return {};
  return word[0].text;
}

std::optional<std::vector<Command>> parse(std::string_view script) {
  return Parser(script).run();
}

}  // namespace mlpack::shell
