#pragma once

#include "lib/resolve/plan.h"
#include "lib/resolve/solve.h"

#include <string>

namespace mlpack {

/// What NVIDIA_REQUIRE_CUDA has to say of `stack` so that the container toolkit refuses older
/// drivers: a comma is AND, a blank OR (nvidia-container-toolkit, requirements). Empty where no
/// driver is needed.
std::string cuda_requirement(const Catalog& catalog, const Stack& stack, const Demands& demands);

/// Puts into `plan` what an image with `stack` needs when it runs, and what it says of itself: its
/// environment, labels, decisions and warnings. NVIDIA_VISIBLE_DEVICES is taken out: with `all`,
/// which CUDA bases have, a container that was given no GPU sees all of them.
void apply_stack(const Catalog& catalog, const Stack& stack, const Demands& demands, Plan& plan);

/// Warns of machines of `spec` whose processor is none of those that the command line names: their
/// image may be built elsewhere.
void warn_of_left_out(const Catalog& catalog, const Spec& spec, Plan& plan);

/// `FACT, FACT and FACT contradict each other`, with reasons and fixes, as an error of a spec whose
/// places are those of the facts.
Error conflict_error(const Resolution& resolution);

/// A ruling as one line: its reason and the rows of the catalog that it rests on.
std::string ruling_text(const Ruling& ruling);

namespace label {
inline constexpr std::string_view cuda = "dev.mlpack.cuda";
inline constexpr std::string_view sm = "dev.mlpack.sm";    // `8.0,9.0`: what it has binary code for
inline constexpr std::string_view ptx = "dev.mlpack.ptx";  // the same of PTX
inline constexpr std::string_view driver = "dev.mlpack.driver";  // the oldest that runs it
inline constexpr std::string_view gpus = "dev.mlpack.gpus";      // `L4,H100 SXM 80GB:2`
}  // namespace label

}  // namespace mlpack
