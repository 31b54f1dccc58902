#pragma once

#include "lib/catalog/catalog.h"
#include "lib/file.h"

#include <span>

namespace mlpack {

/// What is compiled in, with what the files `*.yaml` and `*.yml` of `folders` say:
///
///     TABLE:
///       source, retrieved, as_of     # of all rows that do not say so themselves; see read_rows
///       rows: [{COLUMN: value}, …]
///
/// A row replaces that of its name, or is added; of several folders the last one's counts. All is
/// checked as what is compiled in is: what is wrong with a file is one Error(Fault::input) with
/// every place. Nothing is read where `folders` is empty.
Catalog load_catalog(std::span<const fs::path> folders);

}  // namespace mlpack
