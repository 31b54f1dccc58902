#include "lib/catalog/gpus.h"

#include "lib/catalog/catalog.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

// `NVIDIA A100-SXM4` → `nvidiaa100sxm4`: what is left when case and punctuation do not count.
std::string folded(std::string_view name) {
  std::string text;
  for (const char c : to_lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) text += c;
  }
  return text;
}

// Of a model or a family.
bool is_called(const auto& row, std::string_view name) {
  return row.name == name ||
         std::find(row.aliases.begin(), row.aliases.end(), name) != row.aliases.end();
}

const Gpu* smallest(std::span<const Gpu> gpus, const GpuFamily& family) {
  const Gpu* best = nullptr;
  for (const std::string_view model : family.models) {
    const auto gpu = std::find_if(
        gpus.begin(), gpus.end(), [&](const Gpu& candidate) { return candidate.name == model; });
    if (gpu == gpus.end()) continue;
    if (best == nullptr || gpu->memory_gib < best->memory_gib) best = &*gpu;
  }
  return best;
}

}  // namespace

std::optional<GpuMatch> Catalog::find_gpu(std::string_view name) const {
  for (const Gpu& gpu : data_.gpus) {
    if (is_called(gpu, name)) return GpuMatch{&gpu, false};
  }
  for (const GpuFamily& family : data_.gpu_families) {
    if (!is_called(family, name)) continue;
    const Gpu* const gpu = smallest(data_.gpus, family);
    if (gpu != nullptr) return GpuMatch{gpu, true};
  }
  return std::nullopt;
}

std::vector<std::string_view> Catalog::gpu_names() const {
  std::vector<std::string_view> names;
  for (const Gpu& gpu : data_.gpus) {
    names.push_back(gpu.name);
    names.insert(names.end(), gpu.aliases.begin(), gpu.aliases.end());
  }
  for (const GpuFamily& family : data_.gpu_families) {
    names.push_back(family.name);
    names.insert(names.end(), family.aliases.begin(), family.aliases.end());
  }
  return names;
}

std::vector<std::string> Catalog::near_gpus(std::string_view name, std::size_t count) const {
  std::vector<std::string> near;
  const auto add = [&](std::string_view candidate) {
    const bool known = std::find(near.begin(), near.end(), candidate) != near.end();
    if (!known && near.size() < count) near.emplace_back(candidate);
  };
  const std::string wanted = folded(name.substr(0, 64));
  const std::vector<std::string_view> names = gpu_names();
  for (const std::string_view candidate : names) {
    if (folded(candidate) == wanted) add(candidate);
  }
  if (!near.empty()) return near;
  if (const auto slip = did_you_mean(name, names)) add(*slip);
  // The series is what stands before the first blank or hyphen: `H100-96GB` is near every H100.
  const std::string series =
      folded(name.substr(0, std::min(name.find_first_of(" -_"), name.size())));
  for (const Gpu& gpu : gpus()) {
    const std::string_view own = gpu.name.substr(0, gpu.name.find_first_of(" -"));
    if (series.size() >= 2 && folded(own) == series) add(gpu.name);
  }
  return near;
}

std::optional<std::string_view> Catalog::other_vendor(std::string_view name) const {
  const std::string lower = to_lower(name);
  for (const OtherVendor& other : data_.other_vendors) {
    for (const std::string_view begin : other.begins) {
      if (lower.starts_with(begin)) return other.vendor;
    }
  }
  return std::nullopt;
}

}  // namespace mlpack
