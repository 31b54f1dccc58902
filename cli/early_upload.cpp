#include "cli/early_upload.h"

#include "lib/parallel.h"

namespace mlpack {

EarlyUpload::EarlyUpload(Session& session, const Reference& target)
    : client_(session.client),
      to_{target, Access::push},
      request_{{}, {}, target, session.open_anywhere(), &session.store},
      blobs_(session.client, to_, request_),
      free_(static_cast<std::ptrdiff_t>(session.world.settings.transfers)) {}

void EarlyUpload::send(const Layer& layer) {
  const Slot slot(free_);
  blobs_.push({layer.descriptor});
}

Digest EarlyUpload::stream(const BlobStream& layer) {
  const Slot slot(free_);
  return client_.upload_stream(to_, layer);
}

}  // namespace mlpack
