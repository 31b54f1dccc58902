#include "tests/unit/resolve/brute_force.h"
#include "tests/unit/resolve/document_rules.h"
#include "tests/unit/resolve/rules_support.h"

#include <algorithm>
#include <regex>
#include <utility>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

// `vllm/vllm-openai:v1` → `docker.io/vllm/vllm-openai:v1`, without a digest.
std::string full_name(std::string_view image) {
  std::string name(image.substr(0, image.find('@')));
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + name;
  const bool has_host = name.substr(0, slash).find_first_of(".:") != std::string::npos;
  return has_host ? name : "docker.io/" + name;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

// SGLang's release-docker.yml, vLLM's publish-release-images.sh.
std::string ends_of(std::string_view image) {
  if (image.starts_with("docker.io/lmsysorg/sglang:"))
    return "(-(cu([0-9]+)([0-9])|srt|runtime|amd64|arm64|xeon))*";
  if (image.starts_with("docker.io/vllm/vllm-openai:"))
    return "(-(cu([0-9]+)([0-9])|ubuntu2404|x86_64|aarch64|zstd))*";
  return image.starts_with("docker.io/vllm/vllm-openai-cpu:") ? "(-(x86_64|arm64)()())*"
                                                              : "()()()()";
}

std::string processor_in(const std::string& name) {
  if (std::regex_search(name, std::regex("-(x86_64|amd64)(-|$)"))) return "amd64";
  return std::regex_search(name, std::regex("-(aarch64|arm64)(-|$)")) ? "arm64" : "";
}

// The release in a name that is made as `image` is, and the CUDA behind it: `v0.5.5-cu126-amd64`.
std::pair<std::string, std::string> release_by(const RuntimeImage& image, const std::string& name) {
  std::string pattern = replaced(std::string(image.image), ".", "\\.");
  pattern = replaced(std::move(pattern), "{release}", "([0-9][^-]*)");
  pattern = replaced(std::move(pattern), "{python}", "[0-9]+");
  pattern += ends_of(image.image);
  std::smatch match;
  if (!std::regex_match(name, match, std::regex(pattern))) return {};
  const std::string cuda = match[4].length() == 0 ? "" : match[4].str() + "." + match[5].str();
  return {match[1].str(), cuda};
}

std::string_view repository_of(const RuntimeImage& image) {
  return image.image.substr(0, image.image.rfind(':'));
}

// Whether all images in the repository of `name` are for GPUs.
bool is_of_gpus(const ServingRuntime& runtime, const std::string& name) {
  using For = RuntimeImage::For;
  const auto has = [&](For what) {
    return std::any_of(runtime.images.begin(), runtime.images.end(), [&](const auto& image) {
      return image.what == what && repository_of(image) == name.substr(0, name.rfind(':'));
    });
  };
  return has(For::cuda) && !has(For::cpu);
}

}  // namespace

bool BruteForce::has_row(std::string_view runtime, std::string_view release) const {
  const auto rows = catalog().runtime_releases();
  return std::any_of(rows.begin(), rows.end(), [&](const RuntimeRelease& row) {
    return row.runtime == runtime && is_about(row, std::string(release));
  });
}

// Tags of the projects: each release has one, and `3.3` goes on to the next 3.3.x.
BruteForce::Had BruteForce::read_base(const ServingRuntime& runtime) const {
  if (!demands_.base) return {};
  const std::string name = full_name(demands_.base->name);
  const auto rows = catalog().runtime_releases();
  for (const RuntimeRelease& row : rows) {
    const bool is_tagged = row.image.find(':') != std::string_view::npos;
    if (row.runtime == runtime.name && is_tagged && full_name(row.image) == name)
      return {std::string(row.release), false, is_of_gpus(runtime, name)};
  }
  for (const RuntimeImage& image : runtime.images) {
    const auto [release, cuda] = release_by(image, name);
    const auto is_of_series = [&, series = release + "."](const RuntimeRelease& row) {
      return row.runtime == runtime.name && row.release.starts_with(series);
    };
    if (release.empty()) continue;
    if (!has_row(runtime.name, release) && std::any_of(rows.begin(), rows.end(), is_of_series))
      continue;
    const bool is_xeon = name.starts_with("docker.io/lmsysorg/sglang:") && name.ends_with("-xeon");
    return {release,
            image.what == RuntimeImage::For::cpu || is_xeon,
            is_of_gpus(runtime, name) && !is_xeon,
            Version::parse(cuda),
            processor_in(name)};
  }
  return {};
}

void BruteForce::keep_release_of_base(Part& part, const RuntimeRelease& row) const {
  const std::string& pin = demands_.runtime_version;
  const bool is_pinned = !pin.empty() && is_about(row, pin);
  if (had_.release.empty()) return;
  if (!is_about(row, had_.release))
    part.out.push_back(fact(Kind::base));
  else if (is_pinned && pin != had_.release)
    part.out.push_back(fact(Kind::base) | fact(Kind::runtime_version));
  else
    part.name = had_.release;
}

void BruteForce::add_release_of_base(Need& need) const {
  const std::string& release = had_.release;
  if (release.empty() || release == demands_.runtime_version ||
      has_row(demands_.runtime, release)) {
    return;
  }
  need.parts.push_back({release});
  Part& part = need.parts.back();
  if (!demands_.runtime_version.empty()) part.out.push_back(fact(Kind::runtime_version));
  keep_no_cuda(part);
  keep_cuda_of_base(part);
}

// What the tag says of a release that nothing is known of.
void BruteForce::keep_cuda_of_base(Part& part) const {
  if (!had_.cuda || is_without_cuda()) return;
  Part of_tag{part.name};
  part.cuda = had_.cuda;
  keep_cuda(of_tag, *had_.cuda);
  keep_drivers(of_tag, *had_.cuda);
  for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
    const Gpu* const gpu = demands_.fleet[i].gpu;
    if (gpu != nullptr && !may_compile_for(*had_.cuda, *gpu))
      of_tag.out.push_back(fact(Kind::gpu, i));
  }
  add_of_tag(part, of_tag);
}

// While the base is the one with that tag.
void BruteForce::add_of_tag(Part& part, const Part& of_tag) const {
  const auto add = [&](std::vector<DemandSet>& to, const std::vector<DemandSet>& from) {
    for (const DemandSet& facts : from)
      to.push_back(facts | fact(Kind::base));
  };
  add(part.out, of_tag.out);
  add(part.out_bare, of_tag.out_bare);
  add(part.out_with_compat, of_tag.out_with_compat);
}

void BruteForce::keep_machines_of_base() {
  for (std::size_t i = 0; had_.is_without_gpu && i < demands_.fleet.size(); ++i) {
    if (demands_.fleet[i].gpu == nullptr) continue;
    contradictions_.push_back(fact(Kind::runtime) | fact(Kind::base) | fact(Kind::gpu, i));
  }
}

// Without a `runtime`, Ollama's image is Ollama.
void BruteForce::keep_needs_of_base() {
  constexpr std::string_view ollama = "docker.io/ollama/ollama:";
  if (!demands_.base || !demands_.runtime.empty()) return;
  const std::string name = full_name(demands_.base->name);
  if (!name.starts_with(ollama)) return;
  for (const RuntimeRelease& row : catalog().runtime_releases()) {
    if (row.runtime != "ollama" || !is_about(row, name.substr(ollama.size()))) continue;
    for (std::size_t i = 0; i < demands_.fleet.size(); ++i) {
      const auto& [gpu, count, driver, where] = demands_.fleet[i];
      if (gpu == nullptr) continue;
      const DemandSet machine = fact(Kind::base) | fact(Kind::gpu, i);
      if (gpu->compute_capability < *row.min_cc) contradictions_.push_back(machine);
      if (driver && !may_serve(row, *driver, *gpu))
        contradictions_.push_back(machine | fact(Kind::driver, i));
    }
  }
}

}  // namespace mlpack::test
