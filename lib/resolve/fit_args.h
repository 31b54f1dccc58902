#pragma once

#include "lib/resolve/fit.h"

namespace mlpack {

struct Runtime;
struct ServingRuntime;
struct Spec;

/// Fills `question`, whose runtime and GPUs are there, with what the command of the runtime says of
/// memory. What Kubernetes fills in later (`$(LENGTH)`), and what nobody understands, counts as not
/// said.
void ask_as_told(const Catalog& catalog,
                 const ServingRuntime& row,
                 const Spec& spec,
                 FitQuestion& question);

/// Fault::usage for a share of a GPU's memory that is none: a runtime does not start with it.
void require_shares(const ServingRuntime& row, const Runtime& runtime);

/// How runtimes are told tokens: `8192`, `8k` (8000), `8K` (8192), `25.6k`; no more than `most`.
/// nullopt: no such number.
std::optional<std::uint64_t> parse_tokens(std::string_view text,
                                          std::uint64_t most = std::uint64_t{1} << 28);

}  // namespace mlpack
