#pragma once

#include "layers/archive.h"
#include "layers/archive_files.h"

#include <string>

namespace mlpack {

/// load_archive for files laid out as image-layout.md says, and as `docker save` writes them.
LoadedArchive load_layout(ArchiveFiles files, const std::string& tag);
LoadedArchive load_docker_archive(ArchiveFiles files, const std::string& name);

}  // namespace mlpack
