#pragma once

#include "cli/session.h"
#include "layers/debs.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock.h"
#include "lib/spec/spec.h"

#include <string>

namespace mlpack {

/// A pylock.toml of what the spec's `python` leaves open, made by `uv` for an image with `facts`:
/// of requirements without hashes, `packages`, a pyproject.toml (`uv pip compile`) or a uv.lock
/// (`uv export`). What was resolved once is kept in the store by the texts and settings that it was
/// made of, so that an unchanged spec gives an unchanged image. `inputs` are the texts of the files
/// that are read.
///
/// Faults: usage (uv is missing, or knows no such machine), incompatible with what uv says where it
/// finds no solution, input (offline, and never resolved).
std::string resolve_python(const Spec& spec,
                           const PythonFacts& facts,
                           const IndexSettings& settings,
                           const std::string& inputs,
                           Session& session,
                           Offline offline);

}  // namespace mlpack
