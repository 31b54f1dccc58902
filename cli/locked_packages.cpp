#include "cli/locked_packages.h"

#include "layers/deb_mirror.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

const Distribution& distribution_named(const std::string& suite) {
  if (const Distribution* found = find_distribution(suite)) return *found;
  throw Error(Fault::input,
              fmt::format("the lock has packages of `{}`, which is no distribution that mlpack "
                          "knows",
                          printable(suite)),
              "remove it and run `mlpack lock`");
}

bool has_mirror(const DebianBase& base,
                const Distribution& distribution,
                const DebianContext& context) {
  return !base.mirror.empty() || !context.environment_mirror.empty() ||
         !mirror_of_host(context.apt_folder, distribution, debian_architecture(base.platform))
              .main.empty();
}

DebianMirror mirror_for(const LockedSystem& locked,
                        const DebianBase& base,
                        const DebianContext& context) {
  const Distribution& distribution = distribution_named(locked.suite);
  if (!locked.mirror.empty() && !has_mirror(base, distribution, context)) {
    return {locked.mirror, locked.security_mirror.empty() ? locked.mirror : locked.security_mirror};
  }
  return find_mirror(base, distribution, context);
}

}  // namespace

DebianPlan plan_of(const LockedSystem& locked, DebianBase base, const DebianContext& context) {
  base.codename = locked.suite;
  DebianPlan plan{locked.suite, base.platform, {}, {}};
  if (locked.packages.empty()) return plan;
  const DebianMirror mirror = mirror_for(locked, base, context);
  plan.mirror = mirror.main;
  for (const LockedPackage& package : locked.packages) {
    const bool is_main = package.archive == LockedPackage::Archive::main;
    plan.packages.push_back({package.name,
                             package.version,
                             package.architecture,
                             package.size,
                             package.sha256,
                             (is_main ? mirror.main : mirror.security) + "/" + package.path});
  }
  return plan;
}

LockedSystem locked_system(const DebianPlan& plan,
                           const DebianBase& base,
                           std::vector<std::string> asked) {
  constexpr std::string_view pool = "/pool/";
  LockedSystem locked;
  locked.suite = plan.codename;
  locked.snapshot = base.snapshot;
  locked.asked = std::move(asked);
  locked.mirror = plan.mirror;
  for (const DebPackage& package : plan.packages) {
    const bool is_main = package.url.starts_with(plan.mirror + "/");
    const std::size_t end = is_main ? plan.mirror.size() : package.url.rfind(pool);
    if (end == std::string::npos) {
      fail(Fault::internal, "`{}` lies in no pool of a mirror", package.url);
    }
    if (!is_main) locked.security_mirror = package.url.substr(0, end);
    locked.packages.push_back(
        {package.name,
         package.version,
         package.architecture,
         package.size,
         package.sha256,
         is_main ? LockedPackage::Archive::main : LockedPackage::Archive::security,
         package.url.substr(end + 1)});
  }
  return locked;
}

}  // namespace mlpack
