#include "cli/python_pins.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

PythonPackage package_of(const LockedWheel& wheel, const Spec& spec) {
  PythonPackage package;
  package.name = wheel.name;
  package.version = wheel.version;
  package.file = wheel.file;
  package.sha256 = {wheel.sha256};
  package.size = wheel.size;
  package.url = wheel.url;
  package.index = wheel.index;
  if (!wheel.path.empty()) package.path = spec.folder / wheel.path;
  const bool is_direct = wheel.reference == LockedWheel::Reference::direct;
  if (is_direct) package.origin = PythonPackage::Origin::direct;
  package.where = spec.where(spec.python->place);
  return package;
}

}  // namespace

std::string libc_text(const LibcVersion& libc) {
  const bool is_glibc = libc.kind == LibcVersion::Kind::glibc;
  return fmt::format("{} {}.{}", is_glibc ? "glibc" : "musl", libc.major, libc.minor);
}

bool is_made_for(const LockedPython& locked, const PythonFacts& facts, const TorchWish& torch) {
  return locked.version == facts.version && locked.libc == libc_text(facts.target.libc) &&
         locked.torch == torch.build;
}

PythonSelection locked_selection(const LockedPython& locked, const Spec& spec) {
  PythonSelection selection;
  selection.packages.reserve(locked.wheels.size());
  for (const LockedWheel& wheel : locked.wheels)
    selection.packages.push_back(package_of(wheel, spec));
  return selection;
}

}  // namespace mlpack
