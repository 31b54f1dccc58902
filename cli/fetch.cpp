#include "cli/also_layers.h"
#include "cli/base.h"
#include "cli/build_lock.h"
#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/prepared_image.h"
#include "cli/python_torch.h"
#include "cli/remote_weights.h"
#include "cli/result.h"
#include "cli/reused_weights.h"
#include "cli/session.h"
#include "cli/stack.h"
#include "cli/targets.h"
#include "lib/spec/spec.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

struct FetchOptions {
  std::vector<std::string> spec;
  std::vector<std::string> platforms;
  std::vector<std::string> variables;
  std::vector<std::string> also;
};

void fetch(const FetchOptions& options, World& world) {
  const std::string path = options.spec.empty() ? "mlpack.yaml" : options.spec.front();
  const Catalog catalog = catalog_of_spec(path, world);
  const Spec named =
      load_spec(path, {named_texts("--var", options.variables), {}, options.platforms, &catalog});
  const Spec spec = with_chosen_base(named, catalog);
  const auto wishes = also_wishes(spec, options.also, {});
  Session session(world);
  const BuildLock lock(spec, BuildLock::Use::update, world);
  find_shells(spec, wishes, lock.platforms(), session.debian_context(Offline::no));
  const WeightPins pins{&lock.pins(), {}};
  std::size_t files = 0;
  for (const auto& [name, weights] :
       fetch_weights(spec, session, Offline::no, RemoteBytes::cached, pins)) {
    for (const Decision& decision : weights.decisions)
      world.terminal.detail(text_of(decision));
    for (const std::string& choice : weights.choices)
      world.terminal.note(choice);
    files += weights.downloaded;
  }
  std::size_t moved = 0;
  for (const Platform& platform : lock.platforms()) {
    const BaseUse use{BaseLayers::keep,
                      BaseUse::Packages::lay_out,
                      lock.pins(platform),
                      nullptr,
                      lock.python(platform, torch_wish_of(catalog, named, platform))};
    const ReuseUse reuse{BaseLayers::keep, &lock.pins()};
    moved += reaching_base(
        named, [&] { return find_base(spec, platform, session, Offline::no, use).layers_fetched; });
    moved += reuse_weights(spec, platform, session, Offline::no, reuse).layers_fetched;
  }
  const std::string text = fmt::format("{} can be built with --offline\n", spec.file.string());
  world.terminal.result(world.json() ? json_line({{"schema", 1},
                                                  {"spec", spec.file.string()},
                                                  {"layersFetched", moved},
                                                  {"filesFetched", files}})
                                     : text);
}

}  // namespace

Command fetch_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<FetchOptions>();
    list.positional({"SPEC", "", "a mlpack.yaml or its folder (default: ./mlpack.yaml)"},
                    options->spec);
    list.options(
        {"--platform", "P", "fetch for P (linux/arm64, say), not for the spec's platforms"},
        options->platforms);
    list.options({"--var", "NAME=VALUE", "set a variable that the spec declares"},
                 options->variables);
    list.options({"--also", "KIND=REF", "fetch what `build --also KIND=REF` needs too"},
                 options->also);
    return [options](World& world) { fetch(*options, world); };
  };
  return {
      "fetch",
      "fill the store for `build --offline`",
      "Packages, a base image with its layers, and weights that are not on disk are fetched into "
      "the local store.",
      declare,
      {}};
}

}  // namespace mlpack
