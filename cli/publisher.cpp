#include "cli/publisher.h"

#include "cli/referrers.h"
#include "lib/text.h"
#include "registry/push.h"

namespace mlpack {

void Publisher::push(BuiltSpec& built) {
  for (const Reference& name : built.names) {
    push_set(built.set, name);
    push_referrers(built.attached, name, session_.open_anywhere(), session_.client);
    built.pushed.push_back(name);
  }
  for (const BuiltAlso& also : built.also)
    push_set(also.set, also.wish.name);
}

void Publisher::push_set(const ImageSet& set, const Reference& name) {
  PushRequest request{set.images, {}, name, session_.open_anywhere(), &session_.store};
  if (set.index) request.index = set.index_bytes;
  mlpack::push(session_.client, request);
  done_.push_back("`" + name.with_digest(set.root().digest).text() + "`");
}

std::string Publisher::text() const {
  return "after a push of " + join(done_, ", ");
}

}  // namespace mlpack
