#include "lib/python/version.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_part = 999'999'999'999'999'999;

// What comes before anything that is there, and after it.
constexpr std::uint64_t before_all = 0;
constexpr std::uint64_t after_all = std::numeric_limits<std::uint64_t>::max();

struct PhaseName {
  std::string_view name;
  PythonVersion::Phase phase;
};

// Longer names first.
constexpr std::array<PhaseName, 8> phase_names{{{"alpha", PythonVersion::Phase::alpha},
                                                {"preview", PythonVersion::Phase::candidate},
                                                {"beta", PythonVersion::Phase::beta},
                                                {"pre", PythonVersion::Phase::candidate},
                                                {"rc", PythonVersion::Phase::candidate},
                                                {"a", PythonVersion::Phase::alpha},
                                                {"b", PythonVersion::Phase::beta},
                                                {"c", PythonVersion::Phase::candidate}}};

bool is_digit_of_version(char c) {
  return c >= '0' && c <= '9';
}

std::vector<std::uint64_t> without_zeros(std::vector<std::uint64_t> release) {
  while (release.size() > 1 && release.back() == 0)
    release.pop_back();
  return release;
}

}  // namespace

// Takes the parts off the front, in the order of PEP 440's appendix B.
class PythonVersionParser {
 public:
  explicit PythonVersionParser(std::string text) : text_(std::move(text)), rest_(text_) {}

  std::optional<PythonVersion> parse() {
    skip("v");
    if (!release()) return std::nullopt;
    pre();
    post();
    dev();
    if (!local() || !rest_.empty()) return std::nullopt;
    return std::move(version_);
  }

 private:
  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  void skip_separator() {
    if (!rest_.empty() && std::string_view(".-_").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }

  std::optional<std::uint64_t> number() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_digit_of_version);
    const auto digits = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    const auto value = parse_number(digits, largest_part);
    if (value) rest_.remove_prefix(digits.size());
    return value;
  }

  bool release() {
    auto first = number();
    if (first && skip("!")) {
      version_.epoch_ = *first;
      first = number();
    }
    if (!first) return false;
    version_.release_.push_back(*first);
    while (rest_.size() > 1 && rest_[0] == '.' && is_digit_of_version(rest_[1])) {
      rest_.remove_prefix(1);
      const auto part = number();
      if (!part) return false;
      version_.release_.push_back(*part);
    }
    return true;
  }

  // The number behind a word that may be missing, which is 0.
  std::uint64_t number_after_word() {
    const std::string_view before = rest_;
    skip_separator();
    const auto value = number();
    if (!value) rest_ = before;
    return value.value_or(0);
  }

  void pre() {
    const std::string_view before = rest_;
    skip_separator();
    for (const PhaseName& name : phase_names) {
      if (!skip(name.name)) continue;
      version_.pre_ = PythonVersion::Pre{name.phase, number_after_word()};
      return;
    }
    rest_ = before;
  }

  void post() {
    const std::string_view before = rest_;
    if (skip("-")) {
      if (const auto value = number()) {
        version_.post_ = value;
        return;
      }
      rest_ = before;
    }
    skip_separator();
    if (skip("post") || skip("rev") || skip("r")) {
      version_.post_ = number_after_word();
    } else {
      rest_ = before;
    }
  }

  void dev() {
    const std::string_view before = rest_;
    skip_separator();
    if (skip("dev")) {
      version_.dev_ = number_after_word();
    } else {
      rest_ = before;
    }
  }

  bool local() {
    if (!skip("+")) return true;
    do {
      const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
        return is_digit_of_version(c) || (c >= 'a' && c <= 'z');
      });
      const std::string part(rest_.begin(), end);
      if (part.empty()) return false;
      const bool is_number = std::all_of(part.begin(), part.end(), is_digit_of_version);
      const auto value = is_number ? parse_number(part, largest_part) : std::nullopt;
      if (is_number && !value) return false;
      version_.local_.emplace_back(value, is_number ? std::string() : part);
      rest_.remove_prefix(part.size());
    } while (skip(".") || skip("-") || skip("_"));
    return true;
  }

  std::string text_;
  std::string_view rest_;
  PythonVersion version_;
};

std::optional<PythonVersion> PythonVersion::parse(std::string_view text) {
  return PythonVersionParser(to_lower(trim(text))).parse();
}

PythonVersion PythonVersion::public_version() const {
  PythonVersion version = *this;
  version.local_.clear();
  return version;
}

PythonVersion PythonVersion::base_version() const {
  PythonVersion version;
  version.epoch_ = epoch_;
  version.release_ = release_;
  return version;
}

std::string PythonVersion::text() const {
  constexpr std::array<std::string_view, 3> phases{"a", "b", "rc"};
  std::string text = epoch_ != 0 ? fmt::format("{}!", epoch_) : "";
  text += fmt::format("{}", fmt::join(release_, "."));
  if (pre_) {
    text += fmt::format("{}{}", phases.at(static_cast<std::size_t>(pre_->phase)), pre_->number);
  }
  if (post_) text += fmt::format(".post{}", *post_);
  if (dev_) text += fmt::format(".dev{}", *dev_);
  char separator = '+';
  for (const auto& [number, word] : local_) {
    text += separator + (number ? std::to_string(*number) : word);
    separator = '.';
  }
  return text;
}

bool PythonVersion::is_series() const {
  return !pre_ && !post_ && !dev_ && local_.empty();
}

bool PythonVersion::begins_with(const PythonVersion& prefix) const {
  if (epoch_ != prefix.epoch_) return false;
  for (std::size_t i = 0; i < prefix.release_.size(); ++i) {
    const std::uint64_t part = i < release_.size() ? release_[i] : 0;
    if (part != prefix.release_[i]) return false;
  }
  return true;
}

std::strong_ordering PythonVersion::operator<=>(const PythonVersion& other) const {
  // 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0.post1
  const auto pre_key = [](const PythonVersion& v) {
    if (v.pre_) return std::pair(1, *v.pre_);
    return std::pair(!v.post_ && v.dev_ ? 0 : 2, Pre{});
  };
  const auto post_key = [](const PythonVersion& v) { return v.post_ ? *v.post_ + 1 : before_all; };
  const auto dev_key = [](const PythonVersion& v) { return v.dev_.value_or(after_all); };
  if (const auto order = epoch_ <=> other.epoch_; order != 0) return order;
  if (const auto order = without_zeros(release_) <=> without_zeros(other.release_); order != 0) {
    return order;
  }
  if (const auto order = pre_key(*this) <=> pre_key(other); order != 0) return order;
  if (const auto order = post_key(*this) <=> post_key(other); order != 0) return order;
  if (const auto order = dev_key(*this) <=> dev_key(other); order != 0) return order;
  return local_ <=> other.local_;
}

}  // namespace mlpack
