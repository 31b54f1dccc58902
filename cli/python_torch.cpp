#include "cli/python_torch.h"

#include "cli/stack.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view torch_name = "torch";

// Where indexes are named, they have what is wanted.
bool leaves_index_open(const Spec& spec) {
  if (!spec.python) return false;
  const Python& python = spec.python->value;
  return python.index_url.empty() && python.extra_index_urls.empty() && !python.lock;
}

bool is_default_build(const Catalog& catalog, const TorchWish& torch, const Platform& platform) {
  if (platform.architecture != "amd64") return false;  // the table's wheels are
  const auto releases = catalog.torch_releases();
  return std::any_of(releases.begin(), releases.end(), [&](const TorchRelease& release) {
    return release.release.text() == torch.release && release.default_build == torch.build;
  });
}

TorchWish torch_of(const Catalog& catalog,
                   const Spec& spec,
                   const Platform& platform,
                   const ImageConfig& base) {
  TorchWish torch;
  if (!leaves_index_open(spec) || !needs_stack(spec)) return torch;
  const auto config = names_base(spec) ? std::optional(base) : std::nullopt;
  const auto stack = find_stack(catalog, spec, config).resolution.stack;
  if (!stack) return torch;  // the plan says why
  const auto chosen = std::find_if(stack->choices.begin(),
                                   stack->choices.end(),
                                   [](const Choice& choice) { return choice.what == torch_name; });
  if (chosen == stack->choices.end()) return torch;
  const std::size_t plus = chosen->chosen.find('+');
  if (plus == std::string::npos) return torch;
  torch.release = chosen->chosen.substr(0, plus);
  torch.build = chosen->chosen.substr(plus + 1);
  if (!is_default_build(catalog, torch, platform)) torch.from = TorchWish::From::pytorch;
  return torch;
}

}  // namespace

TorchWishOf torch_wish_of(const Catalog& catalog, const Spec& spec, const Platform& platform) {
  return [&catalog, &spec, platform](const ImageConfig& base) {
    return torch_of(catalog, spec, platform, base);
  };
}

}  // namespace mlpack
