#pragma once

#include "lib/catalog/version.h"
#include "lib/oci/platform.h"
#include "lib/resolve/option_vetoes.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What the tags in the name of a wheel (`cp311-cp311-manylinux_2_28_x86_64`; PEP 425) say of the
/// images that it is for: one of them has to fit. No tags: it is for all.
using WheelTagList = std::vector<std::string>;

/// Whether it is for CPython `python`, which no image has without its lock (`cp313t`).
bool tags_take_python(const WheelTagList& tags, const Version& python);

/// Those for Linux on a `machine` as uname has it (`x86_64`).
WheelTagList tags_on_machine(const WheelTagList& tags, std::string_view machine);

/// Whether it is for the operating system and the processor of `platform`.
bool tags_take_platform(const WheelTagList& tags, const Platform& platform);

/// `3.11, 3.12`, `3.9 or newer`
std::string pythons_of_tags(const WheelTagList& tags);

/// `its tag cp313 wants Python 3.13`
std::string wanted_python(const WheelTagList& tags);

/// Writes what the tags of a wheel that is named have against the Python and the platforms that are
/// pinned, against the base and the machines.
void judge_wheel_tags(Problem& problem, const Vetoes& vetoes, std::size_t package);

}  // namespace mlpack
