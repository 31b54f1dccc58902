#include "cli/build_check.h"

#include "lib/check/node_rules.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

// Layers of the base were not looked at so far; those above were made here, or are known from the
// lock, which somebody wrote who made and checked them.
std::vector<LayerWish> layer_wishes(const BuiltImage& image, Offline network) {
  std::vector<LayerWish> wishes;
  for (const Layer& layer : image.layers) {
    const bool is_read = layer.role == Role::base && network == Offline::no;
    wishes.push_back(
        {is_read ? LayerLook::bytes : LayerLook::at_hand, layer.role == Role::weights});
  }
  return wishes;
}

std::string title_of(const BuiltSpec& built, const BuiltImage& image) {
  const std::string name = printable(built.names.front().text());
  return built.images.size() == 1 ? fmt::format("`{}`", name)
                                  : fmt::format("`{}` for {}", name, image.image.platform().text());
}

void tell_findings(const Findings& findings, Terminal& terminal) {
  Findings shown;
  for (const Finding& finding : findings) {
    if (finding.level == Finding::Level::info) {
      terminal.detail(fmt::format("{}: {}", finding.what, finding.why));
    } else {
      shown.push_back(finding);
    }
  }
  if (!shown.empty()) terminal.say(findings_text(shown));
}

// Without those that another image is for: of platforms that the command line names, there may be
// one that is built elsewhere.
std::vector<CheckMachine> machines_built_for(const Platform& platform, const Wish& wish) {
  const Spec& spec = wish.spec;
  std::vector<CheckMachine> fleet = check_fleet(spec, wish.catalog);
  const bool is_part = !spec.platforms.empty() && spec.platforms.front().place.line == 0;
  std::erase_if(fleet, [&](const CheckMachine& machine) {
    const auto is_for = [&](const Platform& other) {
      return may_have_processor(wish.catalog, machine, other);
    };
    return !is_for(platform) &&
           (is_part || std::any_of(spec.platforms.begin(),
                                   spec.platforms.end(),
                                   [&](const auto& other) { return is_for(other.value); }));
  });
  return fleet;
}

void require_good(const BuiltSpec& built, const std::vector<CheckedImage>& checked) {
  const int code = check_exit_code(checked, Strictness::lenient);
  if (code == 0) return;
  const Fault fault = static_cast<Fault>(code);
  std::size_t errors = 0;
  for (const CheckedImage& image : checked)
    for (const Finding& finding : image.findings)
      errors += finding.level == Finding::Level::error ? 1U : 0U;
  throw Error(fault,
              fmt::format("`{}` {}: {} found, see above",
                          printable(built.names.front().text()),
                          fault == Fault::gate ? "holds what must not be in an image"
                                               : "will not run on its fleet",
                          errors == 1 ? "one error was" : fmt::format("{} errors were", errors)),
              "correct them; `--ignore ID=REASON` passes over one, and records why; `--no-check` "
              "builds the image to look at it");
}

}  // namespace

Annotations with_ignored(Annotations annotations, const IgnoredFindings& ignored) {
  for (const auto& [id, reason] : ignored)
    annotations[std::string(annotation::ignored) + id] = reason;
  return annotations;
}

void check_built(BuiltSpec& built,
                 const Wish& wish,
                 const BuildOptions& options,
                 Session& session) {
  if (options.no_check || wish.spec.fleet.empty()) return;
  const Offline network = options.offline ? Offline::yes : Offline::no;
  const NamedImage found{built.names.front().text(), {}, session.open_anywhere(network)};
  const IgnoredFindings ignored = ignored_findings(options.ignored);
  std::vector<CheckedImage> checked;
  for (BuiltImage& image : built.images) {
    const auto files = check_files(image.image, layer_wishes(image, network), found, session);
    if (!files) {
      session.terminal().note(
          fmt::format("{} was not checked: layers of it are in the registry alone, and `mlpack "
                      "check` reads them there",
                      title_of(built, image)));
      continue;
    }
    const CheckInput input{
        wish.catalog, image.image.config, *files, machines_built_for(image.image.platform(), wish)};
    image.findings = without_ignored(check_image(input), ignored, session.terminal());
    if (!options.attach.empty()) image.x86_level = x86_level_of(input);
    tell_findings(*image.findings, session.terminal());
    checked.push_back({image.image.platform().text(), *image.findings});
  }
  require_good(built, checked);
}

}  // namespace mlpack
