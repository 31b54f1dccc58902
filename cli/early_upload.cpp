#include "cli/early_upload.h"

namespace mlpack {
namespace {

class Slot {
 public:
  explicit Slot(std::counting_semaphore<>& free) : free_(free) { free_.acquire(); }
  ~Slot() { free_.release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::counting_semaphore<>& free_;
};

}  // namespace

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
