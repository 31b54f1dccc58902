#include "lib/spec/spec.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

std::string_view scheme_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::hugging_face:
      return "hf://";
    case SourceKind::https:
      return "https://";
    case SourceKind::oci:
      return "oci://";
    case SourceKind::s3:
      return "s3://";
    case SourceKind::path:
      break;
  }
  return "";
}

class Refusals {
 public:
  explicit Refusals(std::string file) : file_(std::move(file)) {}
  void add(const std::string& key, Place place) {
    const std::string message = fmt::format("{} cannot be built yet", key);
    where_.push_back({file_, place.line, place.column, message});
    keys_ += keys_.empty() ? key : ", " + key;
  }
  void raise_if_any() const {
    if (where_.empty()) return;
    throw Error(
        Fault::usage,
        fmt::format("`{}` is right, but this version of mlpack cannot build {}", file_, keys_),
        "this version builds from `base`, `system_packages`, `files` and `weights` on disk; "
        "remove the rest",
        where_);
  }

 private:
  std::string file_;
  std::vector<Where> where_;
  std::string keys_;
};

}  // namespace

void refuse_unbuildable(const Spec& spec) {
  Refusals refusals(spec.file.string());
  if (spec.fleet_place) refusals.add("`fleet`", *spec.fleet_place);
  if (spec.cuda) refusals.add("`cuda`", spec.cuda->place);
  if (spec.runtime) refusals.add("`runtime`", spec.runtime->place);
  if (spec.python) refusals.add("`python`", spec.python->place);
  for (const Located<Weights>& weights : spec.weights) {
    if (weights.value.kind == SourceKind::path) continue;
    refusals.add(fmt::format("weights from `{}`", scheme_of(weights.value.kind)),
                 weights.value.source_place);
  }
  refusals.raise_if_any();
}

}  // namespace mlpack
