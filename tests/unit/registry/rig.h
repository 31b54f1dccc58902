#pragma once

#include "lib/error.h"
#include "lib/oci/image.h"
#include "registry/client.h"
#include "tests/support/fake_registry.h"

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mlpack::test {

inline constexpr const char* host = "registry.example.com";

/// Progress that keeps its notes and outcomes.
class NotedProgress : public Progress {
 public:
  void end(int, const std::string& outcome) override { add(outcome); }
  void note(const std::string& text) override { add(text); }
  std::vector<std::string> lines;

 private:
  void add(const std::string& text) {
    const std::scoped_lock lock(guard_);
    lines.push_back(text);
  }
  std::mutex guard_;
};

/// A registry in memory and a client of it, with a clock that only sleeping moves.
struct Rig {
  explicit Rig(std::optional<Credentials> who = std::nullopt);

  ClientOptions options();
  Repository at(const std::string& repository, Access access = Access::push) const;

  FakeNet net;
  FakeRegistry registry{net};
  FixedCredentials credentials;
  NotedProgress progress;
  Stop stop;
  std::vector<double> waits;
  double now = 1'000'000;
  Client client;
};

Credentials bob();
Reference name(const std::string& text);
Descriptor blob_of(const std::string& bytes);
OpenSource open_text(const std::string& bytes);

/// An image of linux/amd64 whose uncompressed layers are `layers`.
Image image_of(const std::vector<std::string>& layers);
/// Opens the layers and the config of `image`; anything else is a failure.
OpenBlob opener(const Image& image, const std::vector<std::string>& layers);

/// The Error that `work` throws; a test failure where it throws none.
template <class Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

}  // namespace mlpack::test
