#pragma once

#include "lib/file.h"
#include "lib/model/read_at.h"
#include "lib/sink.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mlpack {

/// A new file to write to that is gone when it is destroyed.
using NewTemporary = std::function<std::unique_ptr<AtomicFile>()>;

/// Takes bytes in order that are looked at here and there afterwards: in memory up to 16 MiB, from
/// there on in a temporary file.
class Spool : public Sink {
 public:
  /// `create` must outlive it.
  explicit Spool(const NewTemporary& create) : create_(create) {}
  void write(Bytes bytes) override;
  /// All that was written; the spool is empty then.
  std::unique_ptr<ReadAt> take();

 private:
  const NewTemporary& create_;
  std::string text_;
  std::unique_ptr<AtomicFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace mlpack
