#include "lib/check/pickle.h"

#include "lib/model/damage.h"
#include "lib/model/torch.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace mlpack {
namespace {

constexpr std::uint64_t buffer_size = std::uint64_t{64} << 10;
constexpr std::uint64_t longest_text = 512;  // of a name; longer texts are data
constexpr std::size_t most_imports = 1000;
constexpr std::size_t most_memos = std::size_t{1} << 20;
constexpr std::string_view zip_magic = "PK\x03\x04";
constexpr unsigned first_protocol = 0x80;

// Reads forwards; past the end it gives zeros and is not good any more.
class PickleBytes {
 public:
  PickleBytes(const ReadAt& file, std::uint64_t offset, std::uint64_t length)
      : file_(file), at_(offset) {
    const std::uint64_t size = file.size();
    end_ = offset > size ? offset : offset + std::min(length, size - offset);
  }

  bool good() const { return good_; }
  bool at_end() const { return at_ >= end_; }

  unsigned byte() {
    if (at_ >= end_) {
      good_ = false;
      return 0;
    }
    if (at_ < start_ || at_ - start_ >= buffer_.size()) fill();
    return static_cast<unsigned char>(buffer_[static_cast<std::size_t>(at_++ - start_)]);
  }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  void skip(std::uint64_t count) {
    if (count > end_ - std::min(at_, end_)) good_ = false;
    at_ += std::min(count, end_ - std::min(at_, end_));
  }
  // Empty where it is longer than a name may be.
  std::string text(std::uint64_t length) {
    if (length > longest_text) {
      skip(length);
      return {};
    }
    std::string value;
    for (std::uint64_t i = 0; i < length; ++i)
      value += static_cast<char>(byte());
    return value;
  }
  std::string line() {
    std::string value;
    while (good_) {
      const unsigned next = byte();
      if (next == '\n' || !good_) break;
      if (value.size() < longest_text) value += static_cast<char>(next);
    }
    return value;
  }

 private:
  void fill() {
    buffer_.resize(static_cast<std::size_t>(std::min(buffer_size, end_ - at_)));
    file_.read_at(at_, std::as_writable_bytes(std::span(buffer_)));
    start_ = at_;
  }

  const ReadAt& file_;
  std::string buffer_;
  std::uint64_t start_ = 0;
  std::uint64_t at_;
  std::uint64_t end_;
  bool good_ = true;
};

// Follows the opcodes of one pickle. Of the stack it knows the texts that were put there last,
// which is where the names of STACK_GLOBAL come from.
class PickleWalk {
 public:
  PickleWalk(PickleBytes& in, std::set<std::string>& imports) : in_(in), imports_(imports) {}

  /// False where it does not come to a STOP.
  bool run() {
    while (in_.good()) {
      const unsigned code = in_.byte();
      if (!in_.good()) return false;
      if (code == '.') return true;
      if (!step(code)) return false;
    }
    return false;
  }

 private:
  bool step(unsigned code) {
    switch (code) {
      case 'c':    // GLOBAL
      case 'i': {  // INST
        const std::string module = in_.line();
        add(module, in_.line());
        return true;
      }
      case 0x93:  // STACK_GLOBAL
        add(before_, last_);
        return true;
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':   // SHORT_BINSTRING
        push(in_.text(in_.number(1)));
        return true;
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
        push(in_.text(in_.number(4)));
        return true;
      case 0x8d:  // BINUNICODE8
        push(in_.text(in_.number(8)));
        return true;
      case 'V':  // UNICODE
      case 'S':  // STRING, in quotes
        push(unquoted(in_.line()));
        return true;
      case 'q':  // BINPUT
        remember(in_.number(1));
        return true;
      case 'r':  // LONG_BINPUT
        remember(in_.number(4));
        return true;
      case 'p':  // PUT
        remember(parse_number(in_.line(), most_memos).value_or(most_memos));
        return true;
      case 0x94:  // MEMOIZE
        remember(next_memo_);
        return true;
      case 'h':  // BINGET
        recall(in_.number(1));
        return true;
      case 'j':  // LONG_BINGET
        recall(in_.number(4));
        return true;
      case 'g':  // GET
        recall(parse_number(in_.line(), most_memos).value_or(most_memos));
        return true;
      default:
        return skip(code);
    }
  }

  bool skip(unsigned code) {
    constexpr std::string_view plain =
        "(012Q]NRbadelost)}u\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x97\x98";
    if (code == 'P' || code == 'F' || code == 'I' || code == 'L') {
      in_.line();
      return true;
    }
    if (code == 'K' || code == 0x80 || code == 0x82) return pass(1);
    if (code == 'M' || code == 0x83) return pass(2);
    if (code == 'J' || code == 0x84) return pass(4);
    if (code == 'G' || code == 0x95) return pass(8);
    if (code == 'C' || code == 0x8a) return pass(in_.number(1));
    if (code == 'B' || code == 0x8b) return pass(in_.number(4));
    if (code == 0x8e || code == 0x96) return pass(in_.number(8));
    return plain.find(static_cast<char>(code)) != std::string_view::npos;
  }
  bool pass(std::uint64_t count) {
    in_.skip(count);
    return in_.good();
  }

  static std::string unquoted(std::string text) {
    const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                        (text.front() == '\'' || text.front() == '"');
    return quoted ? text.substr(1, text.size() - 2) : text;
  }
  void push(std::string text) {
    before_ = std::move(last_);
    last_ = std::move(text);
  }
  void remember(std::uint64_t place) {
    if (place < most_memos) memos_[place] = last_;
    next_memo_ = place + 1;
  }
  void recall(std::uint64_t place) {
    const auto known = memos_.find(place);
    if (known != memos_.end()) push(known->second);
  }
  void add(const std::string& module, const std::string& name) {
    if (imports_.size() < most_imports) imports_.insert(module + "." + name);
  }

  PickleBytes& in_;
  std::set<std::string>& imports_;
  std::string before_;
  std::string last_;
  std::map<std::uint64_t, std::string> memos_;
  std::uint64_t next_memo_ = 0;
};

}  // namespace

std::vector<std::string> pickle_imports(const ReadAt& file,
                                        std::uint64_t offset,
                                        std::uint64_t length) {
  std::set<std::string> imports;
  PickleBytes in(file, offset, length);
  constexpr int most_pickles = 64;
  for (int i = 0; i < most_pickles && !in.at_end(); ++i) {
    if (!PickleWalk(in, imports).run()) break;
  }
  return {imports.begin(), imports.end()};
}

PickleReport read_pickles(const ReadAt& file) {
  if (file.size() < 4) return {};
  std::string start(4, '\0');
  file.read_at(0, std::as_writable_bytes(std::span(start)));
  if (static_cast<unsigned char>(start[0]) == first_protocol) {
    return {pickle_imports(file, 0, file.size()), {}};
  }
  if (start != zip_magic) return {};
  PickleReport report;
  try {
    std::set<std::string> imports;
    for (const TorchArchive::Pickle& pickle : read_torch_archive(file).pickles) {
      if (pickle.is_compressed) {
        report.unread = fmt::format("`{}` in it is compressed", printable(pickle.name));
        continue;
      }
      const std::uint64_t place = pickle_place(file, pickle);
      for (std::string& name : pickle_imports(file, place, pickle.size))
        imports.insert(std::move(name));
    }
    report.imports.assign(imports.begin(), imports.end());
  } catch (const Damage& damage) {
    report.unread = damage.what();
  }
  return report;
}

}  // namespace mlpack
