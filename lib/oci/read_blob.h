#pragma once

#include "lib/error.h"
#include "lib/oci/image.h"

#include <functional>
#include <memory>

namespace mlpack {

/// Runs `work`, which can begin anew; again where it failed for bytes that come from another place
/// the next time (Error::again).
template <class Work>
auto past_bad_copies(Work&& work) -> decltype(work()) {
  for (;;) {
    try {
      return work();
    } catch (const Error& error) {
      if (error.again() != Error::Again::helps) throw;
    }
  }
}

/// What is done with the bytes of a blob; its source is valid until it returns.
using ReadBlob = std::function<void(std::unique_ptr<Source>)>;

/// Runs `read` with the bytes of `blob`, and reads what it leaves of them: they were those of the
/// digest, as far as `open` compares them with it. Where `read` cannot make sense of them, and they
/// were not, that is what is told. What was read may be wrong until the source comes to its end.
void read_once(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read);

/// The same past all places that give other bytes; `read`, which can begin anew, is called for
/// each.
void read_blob(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read);

/// As read_once for a `read` that wants a part of the bytes: where it can make sense of them, they
/// are compared with nothing.
void look_into_blob(const OpenBlob& open, const Descriptor& blob, const ReadBlob& read);

}  // namespace mlpack
