#pragma once

#include "lib/oci/referrers.h"
#include "registry/client.h"
#include "registry/push.h"

#include <string>
#include <vector>

namespace mlpack {

/// What refers to the manifest `subject` in `repository`, of `artifact_type` (empty: of any): as
/// the registry lists it, or, where it keeps no list, as the tag of referrers does. Each once.
std::vector<Descriptor> find_referrers(Client& client,
                                       const Repository& repository,
                                       const Digest& subject,
                                       const std::string& artifact_type = {});

/// Pushes `artifact`, which has a subject, to the repository of `target`, by digest alone, and sees
/// to it that it is found by its subject: where the registry keeps no list, the tag of referrers is
/// fetched, extended and put back, again where somebody else put theirs meanwhile. `open` as in
/// PushRequest.
PushReport push_referrer(Client& client,
                         const Image& artifact,
                         const Reference& target,
                         const OpenBlob& open);

/// What push_referrer would do, or did.
struct ReferrerPlan {
  Reference name;    // of the artifact, by digest
  Descriptor entry;  // as a list of referrers has it
  Digest subject;
  PushPlan push;
  enum class Listed { already, not_yet } listed = Listed::not_yet;
};

/// Looks what push_referrer would do. Changes nothing; throws what can be foreseen.
ReferrerPlan plan_referrer(Client& client,
                           const Image& artifact,
                           const Reference& target,
                           const OpenBlob& open);

}  // namespace mlpack
