#pragma once

#include "lib/error.h"
#include "lib/lock/lock.h"
#include "lib/oci/config.h"
#include "lib/resolve/solve.h"
#include "lib/resolve/spec_demands.h"
#include "lib/spec/spec.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What a spec asks of CUDA, drivers, frameworks and the base, and what was found for it.
struct SpecStack {
  Demands demands;
  Resolution resolution;
};

/// The wheels that an image gets.
struct InstalledWheels {
  const LockedPython* wheels = nullptr;  // nullptr: they are not known
  /// `lock`: as mlpack.lock pins them; `resolver`: they were chosen just now.
  enum class From { lock, resolver } from = From::lock;
};

/// Resolves `spec` with what its own files say: requirements or a lock, and the quantisation of
/// weights that are on disk. `base` is the config of a base that the spec names, where it was read.
/// Where wheels are known, their frameworks, those that others need included, are what is compared,
/// unless a runtime brings its own. Fault::input for files that cannot be read.
SpecStack find_stack(const Catalog& catalog,
                     const Spec& spec,
                     const std::optional<ImageConfig>& base,
                     const std::string& as_of = {},
                     const InstalledWheels& installed = {});

/// The packages of conflicts, each once, whose versions are part of them.
std::vector<std::string> pinned_in_conflicts(const SpecStack& found);

/// Fault::incompatible where there is none.
const Stack& require_stack(const SpecStack& found);

/// Whether anything in `spec` has to be resolved.
bool needs_stack(const Spec& spec);

/// Whether `spec` says itself what the base is.
bool names_base(const Spec& spec);

/// Whether nothing is known yet of the base that `spec` names: what it has may speak against the
/// fixes of `found`.
bool waits_for_base(const Spec& spec, const SpecStack& found);

/// Runs `work`, which looks for the base of `spec`. What `auto` takes does not depend on what is in
/// reach: an Error that it is not names other bases.
template <class Work>
auto reaching_base(const Spec& spec, Work&& work) -> decltype(work()) {
  if (names_base(spec)) return work();
  return with_hint(Fault::network,
                   "`base: auto` takes this image; name another base: its copy in a registry of "
                   "yours, `oci:DIR`, or `{debian: CODENAME}` with what the rest needs",
                   work);
}

/// `spec` with the base that `auto` means.
Spec with_base(Spec spec, const Stack& stack);

}  // namespace mlpack
