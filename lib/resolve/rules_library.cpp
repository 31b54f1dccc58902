#include "lib/resolve/rules_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mlpack {
namespace {

// The documents nearest to a release, from below and from above; it may be both.
struct CudnnDocuments {
  const CudnnSupport* older = nullptr;
  const CudnnSupport* newer = nullptr;
};

Version three_parts(const Version& version) {
  const std::string text =
      fmt::format("{}.{}.{}", version.part(0), version.part(1), version.part(2));
  return Version::parse(text).value_or(version);
}

CudnnDocuments documents_of(const Catalog& catalog, const Version& cudnn, const Version& cuda) {
  CudnnDocuments found;
  for (const CudnnSupport& row : catalog.cudnn_support()) {
    if (row.package_cuda_major != cuda.part(0) || row.compute_capability.empty()) continue;
    const bool is_below = row.cudnn <= cudnn;
    const bool is_above = row.cudnn >= cudnn;
    if (is_below && (found.older == nullptr || row.cudnn > found.older->cudnn)) found.older = &row;
    if (is_above && (found.newer == nullptr || row.cudnn < found.newer->cudnn)) found.newer = &row;
  }
  return found;
}

// What was there once and is not any more.
bool has_dropped(const CudnnSupport& row, const Version& device) {
  return device < *std::min_element(row.compute_capability.begin(), row.compute_capability.end());
}

bool lists(const CudnnSupport& row, const Version& device) {
  return std::any_of(
      row.compute_capability.begin(), row.compute_capability.end(), [&](const Version& listed) {
        return listed.part(0) == device.part(0) && listed <= device;
      });
}

Verdict verdict_of(const CudnnDocuments& documents, const Version& device) {
  const auto& [older, newer] = documents;
  if (older == nullptr) return Verdict::unknown;
  if (has_dropped(*older, device)) return Verdict::no;
  if (newer != nullptr && has_dropped(*newer, device)) return Verdict::unknown;
  return lists(*older, device) ? Verdict::yes : Verdict::unknown;
}

}  // namespace

Ruling cudnn_runs(const Catalog& catalog,
                  const Version& cudnn,
                  const Version& cuda,
                  const Version& device) {
  const CudnnDocuments documents = documents_of(catalog, three_parts(cudnn), cuda);
  std::vector<const CatalogRow*> evidence;
  if (documents.older != nullptr) evidence.push_back(documents.older->row);
  if (documents.newer != nullptr && documents.newer != documents.older) {
    evidence.push_back(documents.newer->row);
  }
  if (evidence.empty()) evidence.push_back(&catalog.fact_row("image.one_cuda_major"));
  const Verdict verdict = verdict_of(documents, device);
  const char* const what = verdict == Verdict::yes  ? "supports"
                           : verdict == Verdict::no ? "does not support"
                                                    : "is not known to support";
  return {verdict,
          fmt::format("cuDNN {} for CUDA {} {} compute capability {}",
                      cudnn.text(),
                      cuda.part(0),
                      what,
                      device.text()),
          evidence};
}

bool is_older_cudnn(const Version& release, const Version& floor) {
  return release.part(0) == floor.part(0) && release.part(1) < floor.part(1);
}

std::optional<Version> cudnn_floor(const CatalogRow& framework) {
  std::string_view text = framework.at("cudnn");
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  text = text.substr(0, text.find_first_not_of("0123456789."));
  if (text.ends_with('.')) text.remove_suffix(1);
  return Version::parse(text);
}

}  // namespace mlpack
