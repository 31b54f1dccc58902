#pragma once

#include "lib/resolve/option_vetoes.h"

#include <string>
#include <string_view>

namespace mlpack {

/// What the base is of the runtime that is asked for, where it is an official image of it; nullptr:
/// it is not, or that is not known.
const BaseRelease* release_of_base(const Demands& demands);

/// The CUDA that the tag of the base says, where it is the official image of `release`, a row's, or
/// of one that the tag does not name; nullopt: it does not say.
std::optional<Version> cuda_in_tag(const Demands& demands, std::string_view release);

/// Whether the base has the runtime in a release that nothing tells: the newest that fits is taken
/// for it, and nothing may rest on that.
bool is_guessed_release(const Demands& demands);

/// Keeps `option`, a release of the runtime that has the row `row`, out of a base that is another
/// one. Of a range it is that of the base.
void judge_release_of_base(Option& option, std::string_view row, const Vetoes& vetoes);

/// Keeps a base that is a build for machines without a GPU from those that have one, an official
/// image from machines that its runtime does not take, where nothing else tells what it needs, or
/// whose processor it is not for, and one that has nothing from what needs a Python. Doubts a
/// Python that is not the one of its distribution, a PyTorch without code for a GPU, and a release
/// of a runtime between two that do not run.
void judge_base(Problem& problem, const Vetoes& vetoes);

}  // namespace mlpack
