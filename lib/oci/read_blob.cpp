#include "lib/oci/read_blob.h"

namespace mlpack {
namespace {

enum class Reached { nothing, bytes, failure };

// What a reader is given of a source; says how far that came.
class LentSource : public Source {
 public:
  LentSource(Source& from, Reached& reached) : from_(from), reached_(reached) {}
  std::size_t read(std::span<std::byte> buffer) override {
    reached_ = Reached::failure;
    const std::size_t count = from_.read(buffer);
    reached_ = Reached::bytes;
    return count;
  }

 private:
  Source& from_;
  Reached& reached_;
};

// Only at their end are bytes compared with a digest.
void read_rest(Source& source) {
  FunctionSink nowhere([](Bytes) {});
  copy(source, nowhere);
}

enum class Rest { read, left };

void read_with(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read, Rest rest) {
  const std::unique_ptr<Source> source = open(blob);
  Reached reached = Reached::nothing;
  try {
    read(std::make_unique<LentSource>(*source, reached));
  } catch (const Error& error) {
    const bool makes_no_sense = error.fault() == Fault::integrity || error.fault() == Fault::input;
    if (makes_no_sense && reached == Reached::bytes) read_rest(*source);
    throw;
  }
  if (rest == Rest::read) read_rest(*source);
}

}  // namespace

void read_once(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read) {
  read_with(open, blob, read, Rest::read);
}

void read_blob(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read) {
  past_bad_copies([&] { read_with(open, blob, read, Rest::read); });
}

void look_into_blob(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read) {
  read_with(open, blob, read, Rest::left);
}

}  // namespace mlpack
