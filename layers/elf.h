#pragma once

#include "lib/check/elf_facts.h"
#include "lib/model/read_at.h"

#include <optional>
#include <string_view>

namespace mlpack {

/// Whether a file that begins with `start` is an ELF file.
bool is_elf(std::string_view start);

/// Reads a program or shared library by its program headers, as a loader does; section headers are
/// looked at only to tell relocatable GPU code apart. Of any file: no part outside of it is read,
/// memory is flat, and time is linear. nullopt for what is no ELF file, an object file or a core.
/// A file that is cut or lies gives the facts that can be read; an Error is the file's own that
/// could not be read.
std::optional<ElfFacts> read_elf(const ReadAt& file);

}  // namespace mlpack
