#pragma once

#include "lib/resolve/plan.h"

#include <string_view>

namespace mlpack {

/// Whether a `user` of an image is root: nobody, `root` or the number 0.
bool is_root(std::string_view user);

/// The account of `spec` on `base`: the spec's user, else the base's where it is not root, else the
/// one that the runtime asks for, else 65532. `config.user` and, where no passwd line can be
/// written, HOME in `config.env` are set to match. A user name that the base does not define is
/// Fault::usage with its place.
PlannedAccount plan_account(const Spec& spec, const BaseFacts& base, Plan& plan);

}  // namespace mlpack
