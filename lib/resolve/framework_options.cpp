#include "lib/resolve/framework_options.h"

#include "lib/resolve/package_vetoes.h"
#include "lib/resolve/release_dates.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/rules_library.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Kind = Demand::Kind;

constexpr std::string_view cpu_build = "cpu";
constexpr std::string_view any_cuda_build = "cuda";
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> framework_packages{
    {{"tensorflow", "tensorflow"}, {"jax", "jax"}, {"onnxruntime-gpu", "onnxruntime"}}};

// A release of a framework with the row that says what it is like.
struct KnownRelease {
  const FrameworkRelease* row;
  Version release;
};

// `1.21-1.23` is a release for each minor version.
void add_releases(const FrameworkRelease& row, std::vector<KnownRelease>& found) {
  const std::size_t dash = row.release.find('-');
  const auto first = Version::parse(row.release.substr(0, dash));
  if (!first) return;
  const auto last =
      dash == std::string_view::npos ? std::nullopt : Version::parse(row.release.substr(dash + 1));
  if (!last) return found.push_back({&row, *first});
  for (unsigned minor = first->part(1); minor <= last->part(1); ++minor)
    found.push_back({&row, *Version::parse(fmt::format("{}.{}", first->part(0), minor))});
}

std::vector<KnownRelease> known_releases(std::string_view framework, const Vetoes& vetoes) {
  std::vector<KnownRelease> found;
  const auto rows = vetoes.catalog().framework_releases();
  ReleaseDates dates(vetoes.catalog(), vetoes.demands());
  for (const FrameworkRelease& row : rows) {
    if (row.framework == framework) dates.add(row);
  }
  for (const FrameworkRelease& row : rows) {
    if (row.framework == framework && dates.is_out(row)) add_releases(row, found);
  }
  return found;
}

// Makes the row below a pinned release of the same minor version stand for it.
void take_pin(std::vector<KnownRelease>& known, const std::string& pin) {
  const auto pinned = Version::parse(pin);
  KnownRelease* nearest = nullptr;
  for (KnownRelease& one : known) {
    if (!pinned || !one.release.same_minor(*pinned) || one.release > *pinned) continue;
    if (nearest == nullptr || one.release > nearest->release) nearest = &one;
  }
  if (nearest != nullptr) nearest->release = *pinned;
}

// The oldest cuDNN that the release `row` takes, or the later one of that major that is pinned, or
// that the base has where no extra brings one.
std::optional<Version> cudnn_of(const FrameworkRelease& row,
                                const PackageDemand& package,
                                const std::optional<BaseDemand>& base) {
  const auto floor = cudnn_floor(*row.row);
  const auto& there =
      package.cudnn || !package.extras.empty() || !base ? package.cudnn : base->cudnn;
  const bool takes_it = floor && there && there->part(0) == floor->part(0) && *there > *floor;
  return takes_it ? there : floor;
}

// Between those that are known there are no others.
bool may_exist(const Catalog& catalog, const Version& cuda) {
  const auto toolkits = catalog.cuda_toolkits();
  return std::any_of(toolkits.begin(),
                     toolkits.end(),
                     [&](const CudaToolkit& toolkit) { return toolkit.cuda.same_minor(cuda); }) ||
         std::none_of(toolkits.begin(), toolkits.end(), [&](const CudaToolkit& toolkit) {
           return toolkit.cuda > cuda;
         });
}

// A build works with later versions of its CUDA major: the pinned one, too, which comes first. What
// drivers say of that does not hold without the pin.
std::vector<Version> cudas_of(const Version& oldest, const Vetoes& vetoes) {
  const auto& pinned = vetoes.demands().cuda;
  const bool takes_it = pinned && pinned->part(0) == oldest.part(0) && *pinned > oldest &&
                        may_exist(vetoes.catalog(), *pinned);
  return takes_it ? std::vector{*pinned, oldest} : std::vector{oldest};
}

bool is_in(std::string_view extras, std::string_view extra) {
  const auto known = split(extras, ' ');
  return std::find(known.begin(), known.end(), extra) != known.end();
}

class FrameworkOptions {
 public:
  FrameworkOptions(std::size_t index, std::span<const Version> pythons, const Vetoes& vetoes)
      : index_(index),
        pythons_(pythons),
        vetoes_(vetoes),
        package_(vetoes.demands().packages[index]) {}

  void add(const KnownRelease& known, std::vector<Option>& options) {
    if (is_for_processors(package_)) return options.push_back(without_cuda(known));
    if (!has_gpus(vetoes_.demands())) return options.push_back(plain(known, std::nullopt));
    for (std::size_t build = 0; build < known.row->builds.size(); ++build) {
      for (const Version& cuda : cudas_of(known.row->builds[build], vetoes_))
        options.push_back(on_gpus(known, build, cuda));
    }
  }

 private:
  Option plain(const KnownRelease& known, const std::optional<Version>& cuda) {
    Option option;
    option.name = known.release.text();
    const bool has_several = cuda && known.row->builds.size() > 1;
    if (has_several) option.name += fmt::format("+cuda{}", cuda->part(0));
    option.python = pythons_.in(known.row->python);
    option.row = known.row->row;
    const std::string build = cuda ? fmt::format("cuda{}", cuda->part(0)) : package_.build;
    if (!is_build(build) || !vetoes_.takes(index_, known.release)) {
      const DemandSet set = vetoes_.set_of(Kind::package_version, index_);
      option.vetoes.push_back(not_taken(set, option, package_.text()));
    }
    vetoes_.wheel(option, known.row->wheel_tag);
    ReleaseDates(vetoes_.catalog(), vetoes_.demands())
        .add_doubt(option, package_.name, known.row->released);
    return option;
  }

  bool is_build(const std::string& build) const {
    if (package_.build == any_cuda_build) return build.starts_with(any_cuda_build);
    return package_.build.empty() || package_.build == build;
  }

  // Installers go on without an extra that a release does not have, and so without CUDA.
  void judge_extras(Option& option, const KnownRelease& known, std::size_t build) const {
    const FrameworkRelease& row = *known.row;
    if (build >= row.extras.size() || package_.build.empty()) return;
    for (const std::string& extra : package_.extras) {
      if (!extra.starts_with(any_cuda_build) || is_in(row.extras[build], extra)) continue;
      option.vetoes.push_back({vetoes_.set_of(Kind::package_version, index_),
                               {Verdict::no,
                                fmt::format("{} {} has no extra {} for CUDA {}",
                                            package_.name,
                                            known.release.text(),
                                            printable(extra),
                                            row.builds[build].part(0)),
                                {row.row}}});
    }
  }

  // Of wheels on JAX's own page.
  void doubt_index(Option& option, const KnownRelease& known, std::size_t build) const {
    const FrameworkRelease& row = *known.row;
    if (build >= row.extras.size() || package_.build.empty()) return;
    const std::string_view first = row.extras[build].substr(0, row.extras[build].find(' '));
    const bool is_elsewhere = package_.builds == PackageDemand::Builds::published &&
                              first.ends_with("-pip") && vetoes_.takes(index_, known.release);
    if (!is_elsewhere) return;
    option.doubts.push_back({Verdict::unknown,
                             fmt::format("the wheels of jaxlib for {} {} with CUDA are not on PyPI",
                                         package_.name,
                                         known.release.text()),
                             {row.row, &vetoes_.catalog().fact_row("jax.index")},
                             {},
                             "name JAX's own page of them in `find_links`"});
  }

  // `jax[cpu]`; of JAX without an extra more is said once the rest is known.
  Option without_cuda(const KnownRelease& known) {
    Option option = plain(known, std::nullopt);
    if (is_plain_jax(package_)) return option;
    judge_without_cuda(option, package_.text(), vetoes_);
    return option;
  }

  Option on_gpus(const KnownRelease& known, std::size_t build, const Version& cuda) {
    Option option = plain(known, cuda);
    judge_extras(option, known, build);
    doubt_index(option, known, build);
    option.cuda = cuda;
    option.takes_later_cuda = true;
    const auto cudnn = cudnn_of(*known.row, package_, vetoes_.demands().base);
    if (cudnn) option.cudnn_major = cudnn->part(0);
    if (vetoes_.is_settled(option)) return option;
    if (cudnn) vetoes_.cudnn(option, *cudnn, *option.cuda);
    vetoes_.base_cudnn(option, Vetoes::Cudnn::loaded);
    vetoes_.cuda(option, *option.cuda);
    vetoes_.framework(option, *known.row, build);
    vetoes_.drivers(option, *option.cuda);
    return option;
  }

  std::size_t index_;
  NamedPythons pythons_;
  const Vetoes& vetoes_;
  const PackageDemand& package_;
};

}  // namespace

std::optional<std::string_view> framework_of_package(std::string_view name) {
  for (const auto& [package, framework] : framework_packages) {
    if (package == name) return framework;
  }
  return std::nullopt;
}

bool is_plain_jax(const PackageDemand& package) {
  return package.name == "jax" && package.build.empty();
}

bool is_for_processors(const PackageDemand& package) {
  return package.build == cpu_build || is_plain_jax(package);
}

std::string extra_of_build(const Option& option) {
  const std::string build = fmt::format("{}{}", any_cuda_build, option.cuda->part(0));
  for (const std::string_view text : split(option.row->at("extras"), ',')) {
    const std::string_view extras = trim(text);
    if (extras.starts_with(build)) return std::string(extras.substr(0, extras.find(' ')));
  }
  return build;
}

bool lacks_extra(std::size_t index, const Vetoes& vetoes) {
  const PackageDemand& package = vetoes.demands().packages[index];
  const auto framework = framework_of_package(package.name);
  if (!framework || !package.build.starts_with(any_cuda_build)) return false;
  std::vector<KnownRelease> known = known_releases(*framework, vetoes);
  const std::string pin = pinned_release(package.specifier);
  take_pin(known, pin);
  const bool is_of_known = std::any_of(known.begin(), known.end(), [&](const KnownRelease& one) {
    return !one.row->extras.empty() && vetoes.takes(index, one.release);
  });
  const auto has_build = [&](const KnownRelease& one) {
    return one.row->row->at("extras").find(package.build) != std::string_view::npos;
  };
  return is_of_known && (!pin.empty() || std::any_of(known.begin(), known.end(), has_build));
}

Component framework_component(std::size_t index,
                              std::span<const Version> pythons,
                              const Vetoes& vetoes) {
  const PackageDemand& package = vetoes.demands().packages[index];
  Component component{package.name, vetoes.index_of(Kind::package, index), {}};
  std::vector<KnownRelease> known = known_releases(*framework_of_package(package.name), vetoes);
  take_pin(known, pinned_release(package.specifier));
  FrameworkOptions options(index, pythons, vetoes);
  for (const KnownRelease& release : known)
    options.add(release, component.options);
  return component;
}

}  // namespace mlpack
