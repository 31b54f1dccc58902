#include "registry/upload_rules.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mlpack {
namespace {

constexpr std::uint64_t without_end = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t least_chunk = std::uint64_t{64} << 10;
constexpr std::int64_t days_remembered = 7;
constexpr std::int64_t seconds_remembered = days_remembered * 24 * 3600;

}  // namespace

UploadRules UploadRules::of(const std::string& host) {
  UploadRules rules;
  const Registry* row = find_registry(host);
  if (row == nullptr) {
    for (const UploadForm form : {UploadForm::put, UploadForm::patch, UploadForm::chunks}) {
      rules.forms_.push_back({form, without_end});
    }
    return rules;
  }
  const std::uint64_t refused = row->largest_body == 0 ? without_end : row->largest_body + 1;
  for (const UploadForm form : row->forms) {
    rules.forms_.push_back({form, form == UploadForm::chunks ? without_end : refused});
  }
  rules.chunk_ = row->chunk;
  rules.ranges_ = row->ranges;
  return rules;
}

std::optional<UploadForm> UploadRules::form_for(std::uint64_t size) const {
  const auto found = std::find_if(
      forms_.begin(), forms_.end(), [&](const Form& form) { return size < form.refused_from; });
  if (found == forms_.end()) return std::nullopt;
  return found->form;
}

bool UploadRules::takes(UploadForm form, std::uint64_t size) const {
  return std::any_of(forms_.begin(), forms_.end(), [&](const Form& one) {
    return one.form == form && size < one.refused_from;
  });
}

UploadForm UploadRules::after(UploadForm form, std::uint64_t size) const {
  const auto now =
      std::find_if(forms_.begin(), forms_.end(), [&](const Form& one) { return one.form == form; });
  const std::size_t at = static_cast<std::size_t>(now - forms_.begin());
  for (std::size_t step = 1; step <= forms_.size(); ++step) {
    const Form& next = forms_[(at + step) % forms_.size()];
    if (size < next.refused_from) return next.form;
  }
  return form;
}

void UploadRules::refuse(UploadForm form, std::uint64_t size) {
  for (Form& one : forms_) {
    if (one.form != form || one.refused_from <= size) continue;
    one.refused_from = size;
    changed_ = true;
  }
}

bool UploadRules::shrink_chunk(std::uint64_t sent) {
  if (std::min(chunk_, sent) <= least_chunk) return false;
  chunk_ = std::max(least_chunk, std::min(chunk_, sent) / 4);
  changed_ = true;
  return true;
}

void UploadRules::distrust_ranges() {
  ranges_ = UploadRanges::ignored;
  changed_ = true;
}

std::vector<UploadForm> UploadRules::forms() const {
  std::vector<UploadForm> forms;
  for (const Form& form : forms_)
    forms.push_back(form.form);
  return forms;
}

void UploadRules::keep_only(UploadForm form, std::uint64_t chunk) {
  for (const UploadForm other : forms()) {
    if (other != form) refuse(other, 0);
  }
  chunk_ = std::min(chunk_, chunk);
}

void UploadRules::learn_from(const UploadRules& other, const UploadRules& before, UploadForm form) {
  for (const Form& one : other.forms_) {
    if (one.form == form) refuse(form, one.refused_from);
  }
  if (other.chunk_ < before.chunk_) {
    chunk_ = std::min(chunk_, other.chunk_);
    changed_ = true;
  }
  if (!other.believes_ranges() && believes_ranges()) distrust_ranges();
}

std::string UploadRules::text(std::int64_t now) const {
  std::string line =
      fmt::format("1 {} {} {}", now, chunk_, believes_ranges() ? "exact" : "ignored");
  for (const Form& form : forms_) {
    line += fmt::format(" {} {}", static_cast<int>(form.form), form.refused_from);
  }
  return line;
}

// The line is of a file that may be damaged: what does not fit changes nothing.
void UploadRules::recall(std::string_view text, std::int64_t now) {
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() != 4 + 2 * forms_.size() || words[0] != "1") return;
  const auto written = parse_number(words[1], std::uint64_t{1} << 40);
  const auto chunk = parse_number(words[2], chunk_);
  const bool fresh = written && now - static_cast<std::int64_t>(*written) < seconds_remembered;
  if (!fresh || !chunk || *chunk < least_chunk) return;
  std::vector<Form> known = forms_;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto refused_from = parse_number(words[5 + 2 * i], without_end);
    if (words[4 + 2 * i] != std::to_string(static_cast<int>(known[i].form)) || !refused_from)
      return;
    known[i].refused_from = std::min(known[i].refused_from, *refused_from);
  }
  forms_ = std::move(known);
  chunk_ = *chunk;
  if (words[3] == "ignored") ranges_ = UploadRanges::ignored;
}

}  // namespace mlpack
