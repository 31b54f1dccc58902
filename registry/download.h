#pragma once

#include "lib/download.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "registry/retry.h"
#include "registry/transport.h"

#include <cstdint>
#include <string>

namespace mlpack {

/// Downloader for `https:`, `http:` and `file:` URLs. Redirects are followed, at most five, never
/// from https to http; lost connections are resumed where the server can.
class HttpDownloader : public Downloader {
 public:
  /// The references must outlive it.
  HttpDownloader(Transport& transport, RetryPolicy policy, Progress& progress, const Stop& stop);
  bool get(const std::string& url, std::uint64_t limit, Sink& sink) override;

 private:
  Transport& transport_;
  RetryPolicy policy_;
  Progress& progress_;
};

}  // namespace mlpack
