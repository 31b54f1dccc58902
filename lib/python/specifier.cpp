#include "lib/python/specifier.h"

#include "lib/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

using Operator = PythonSpecifier::Operator;

// Longer ones first.
constexpr std::array<std::pair<std::string_view, Operator>, 8> specifier_operators{
    {{"===", Operator::arbitrary},
     {"~=", Operator::compatible},
     {"==", Operator::equal},
     {"!=", Operator::not_equal},
     {"<=", Operator::at_most},
     {">=", Operator::at_least},
     {"<", Operator::less},
     {">", Operator::greater}}};

// Everything but the last part of the release.
PythonVersion series_of(const PythonVersion& version) {
  const std::string base = version.base_version().text();
  return *PythonVersion::parse(base.substr(0, base.rfind('.')));
}

// 1.0rc1 is not `< 1.0`.
bool is_less(const PythonVersion& version, const PythonVersion& than) {
  if (version >= than) return false;
  const bool is_pre = version.is_prerelease() && !than.is_prerelease();
  return !is_pre || version.base_version() != than.base_version();
}

// Neither 1.0.post1 nor 1.0+local is `> 1.0`.
bool is_greater(const PythonVersion& version, const PythonVersion& than) {
  if (version <= than) return false;
  const bool is_same = version.base_version() == than.base_version();
  if (is_same && version.is_postrelease() && !than.is_postrelease()) return false;
  return !is_same || !version.has_local();
}

bool is_one_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c != ',' && c != ';' && c != ')' && c != 0x7f;
  });
}

}  // namespace

std::optional<PythonSpecifier> PythonSpecifier::parse(std::string_view text) {
  text = trim(text);
  const auto* const found =
      std::find_if(specifier_operators.begin(), specifier_operators.end(), [&](const auto& entry) {
        return text.starts_with(entry.first);
      });
  if (found == specifier_operators.end()) return std::nullopt;
  PythonSpecifier result;
  result.operator_ = found->second;
  std::string_view version = trim(text.substr(found->first.size()));
  result.text_ = version;
  if (!is_one_word(version)) return std::nullopt;
  result.version_ = PythonVersion::parse(version);
  if (result.operator_ == Operator::arbitrary) return result;
  const bool is_equality =
      result.operator_ == Operator::equal || result.operator_ == Operator::not_equal;
  if (is_equality && version.ends_with(".*")) {
    result.match_ = Match::prefix;
    result.version_ = PythonVersion::parse(version.substr(0, version.size() - 2));
    if (result.version_ && !result.version_->is_series()) return std::nullopt;
  }
  if (!result.version_ || (!is_equality && result.version_->has_local())) return std::nullopt;
  const bool is_short = result.version_->release().size() < 2;
  if (result.operator_ == Operator::compatible && is_short) return std::nullopt;
  return result;
}

bool PythonSpecifier::contains(const PythonVersion& version) const {
  const auto is_equal = [&] {
    if (match_ == Match::prefix) return version.begins_with(*version_);
    return (version_->has_local() ? version : version.public_version()) == *version_;
  };
  switch (operator_) {
    case Operator::arbitrary:
      return to_lower(text_) == version.text() || (version_ && *version_ == version);
    case Operator::equal:
      return is_equal();
    case Operator::not_equal:
      return !is_equal();
    case Operator::compatible:
      return version.public_version() >= *version_ && version.begins_with(series_of(*version_));
    case Operator::at_most:
      return version.public_version() <= *version_;
    case Operator::at_least:
      return version.public_version() >= *version_;
    case Operator::less:
      return is_less(version, *version_);
    case Operator::greater:
      return is_greater(version, *version_);
  }
  return false;
}

std::optional<PythonVersion> PythonSpecifier::pinned() const {
  const bool pins = operator_ == Operator::equal || operator_ == Operator::arbitrary;
  return pins && match_ == Match::whole ? version_ : std::nullopt;
}

std::optional<PythonSpecifiers> PythonSpecifiers::parse(std::string_view text) {
  PythonSpecifiers result;
  if (trim(text).empty()) return result;
  for (const std::string_view part : split(text, ',')) {
    if (trim(part).empty()) continue;
    auto specifier = PythonSpecifier::parse(part);
    if (!specifier) return std::nullopt;
    result.all_.push_back(std::move(*specifier));
  }
  return result;
}

bool PythonSpecifiers::contains(const PythonVersion& version) const {
  return std::all_of(
      all_.begin(), all_.end(), [&](const PythonSpecifier& one) { return one.contains(version); });
}

std::optional<PythonVersion> PythonSpecifiers::pinned() const {
  for (const PythonSpecifier& specifier : all_) {
    if (auto version = specifier.pinned()) return version;
  }
  return std::nullopt;
}

std::string PythonSpecifier::text() const {
  const auto* const found =
      std::find_if(specifier_operators.begin(), specifier_operators.end(), [&](const auto& entry) {
        return entry.second == operator_;
      });
  const bool is_plain = version_ && operator_ != Operator::arbitrary;
  return std::string(found->first) + (is_plain ? version_->text() : text_) +
         (is_plain && match_ == Match::prefix ? ".*" : "");
}

std::string PythonSpecifiers::text() const {
  std::vector<std::string> texts;
  for (const PythonSpecifier& one : all_)
    texts.push_back(one.text());
  std::sort(texts.begin(), texts.end());
  return join(texts, ",");
}

}  // namespace mlpack
