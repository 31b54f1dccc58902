#pragma once

#include "lib/catalog/table_writer.h"
#include "lib/catalog/template_node.h"

namespace mlpack {

/// Adds to the generated source of templates/compat/gpus.yaml, which has the table `gpus`: the
/// families, every name in the order of the template, and how names of other vendors begin.
void write_gpu_names(const TemplateNode& file, TableWriter& writer);

}  // namespace mlpack
