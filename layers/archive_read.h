#pragma once

#include "layers/archive.h"
#include "layers/archive_files.h"
#include "lib/error.h"

#include <string>

namespace mlpack {

/// What `parse` makes of a local file whose digest is right: where it is malformed nonetheless,
/// Fault::input, whoever refuses it.
template <class Parse>
auto parse_local(Parse&& parse) -> decltype(parse()) {
  try {
    return parse();
  } catch (const Error& error) {
    if (error.fault() != Fault::integrity) throw;
    throw Error(Fault::input, error.what(), error.hint(), error.where());
  }
}

/// load_archive for files laid out as image-layout.md says, and as `docker save` writes them.
LoadedArchive load_layout(ArchiveFiles files, const std::string& tag);
LoadedArchive load_docker_archive(ArchiveFiles files, const std::string& name);

}  // namespace mlpack
