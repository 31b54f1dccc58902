#pragma once

#include "lib/model/model.h"

#include <optional>

namespace mlpack {

/// A problem of the class gate where the name of `file` says that it may hold a secret (a token, a
/// .netrc, a .env, a private key) and the front of it does. Never says what the secret is.
std::optional<ModelProblem> find_secret(const ModelFile& file);

/// The same of a text of at most 1 MiB, whatever its name, that surely holds somebody's own token
/// or key.
std::optional<ModelProblem> find_token(const ModelFile& file);

}  // namespace mlpack
