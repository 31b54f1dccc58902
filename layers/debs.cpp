#include "layers/debs.h"

#include "layers/deb_fetch.h"
#include "layers/deb_units.h"
#include "lib/catalog/distributions.h"
#include "lib/error.h"

namespace mlpack {
namespace {

WantedFile wanted_file(const DebPackage& package) {
  return {package.name + " " + package.version, {package.url}, package.size, package.sha256};
}

}  // namespace

void fetch_debian(const DebianPlan& plan, const DebianContext& context) {
  std::vector<WantedFile> files;
  files.reserve(plan.packages.size());
  for (const DebPackage& package : plan.packages)
    files.push_back(wanted_file(package));
  fetch_files(files, "packages of " + plan.codename, context);
}

DebianRoot prepare_debian(const DebianPlan& plan, const DebianContext& context) {
  const Distribution* distribution = find_distribution(plan.codename);
  if (distribution == nullptr) {
    fail(Fault::usage, "`{}` is no distribution that mlpack knows", plan.codename);
  }
  return assemble_root(read_packages(plan, context), *distribution);
}

}  // namespace mlpack
