#pragma once

#include "lib/sink.h"

#include <cstdint>
#include <memory>
#include <string>

namespace mlpack {

/// The name that git gives to a file's content: sha1 of `blob SIZE`, a NUL and the bytes. It finds
/// accidents, and no forgery. `finish` may be called once, after `size` bytes.
class GitHasher : public Sink {
 public:
  explicit GitHasher(std::uint64_t size);
  ~GitHasher() override;
  GitHasher(const GitHasher&) = delete;
  GitHasher& operator=(const GitHasher&) = delete;

  void write(Bytes bytes) override;
  /// 40 lower-case hexadecimal digits.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlpack
