#pragma once

#include "cli/remote_weights.h"
#include "cli/session.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

namespace mlpack {

/// What the runtime of `spec` wants to know of its weights (none: nothing): the names of their
/// files, and what small files and the headers of adapters say; and the text of a Modelfile. Of
/// layers that other images have nothing is known. Errors have the place of the entry.
RuntimeFacts runtime_facts(const Spec& spec, const RemoteWeightsByName& remote, Session& session);

}  // namespace mlpack
