#pragma once

#include "lib/file.h"
#include "lib/parallel.h"
#include "registry/curl_transport.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mlpack {

/// A libcurl handle with the connections that it keeps. One transfer at a time.
class CurlLine {
 public:
  CurlLine();
  ~CurlLine();
  CurlLine(const CurlLine&) = delete;
  CurlLine& operator=(const CurlLine&) = delete;

  void* easy() const { return easy_; }
  void* multi() const { return multi_; }

 private:
  void* easy_;   // CURL*
  void* multi_;  // CURLM*
};

/// The certificates to use with one host.
struct HostCertificates {
  std::string trusted;  // PEM; empty: the system's file is enough
  fs::path client_certificate;
  fs::path client_key;
};

/// What all transfers of a transport share.
struct CurlTransport::State {
  State(CurlOptions given, const Stop& end);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::unique_ptr<CurlLine> take_line();
  void give_line(std::unique_ptr<CurlLine> line);
  const HostCertificates& certificates_for(const std::string& host);

  const CurlOptions options;
  const Stop& stop;

 private:
  std::mutex guard_;  // of the rest
  std::vector<std::unique_ptr<CurlLine>> idle_;
  std::map<std::string, HostCertificates> certificates_;
};

}  // namespace mlpack
