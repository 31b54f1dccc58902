#include "registry/curl_transport_handle.h"

#include "lib/error.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_idle_lines = 16;
constexpr std::uint64_t longest_certificates = std::uint64_t{16} << 20;

// Where distributions keep their certificates; a portable binary cannot know at build time.
constexpr std::array<const char*, 4> bundle_places = {"/etc/ssl/certs/ca-certificates.crt",
                                                      "/etc/pki/tls/certs/ca-bundle.crt",
                                                      "/etc/ssl/ca-bundle.pem",
                                                      "/etc/ssl/cert.pem"};

fs::path find_bundle() {
  std::error_code ignored;
  const auto* const found =
      std::find_if(bundle_places.begin(), bundle_places.end(), [&](const char* path) {
        return fs::exists(path, ignored);
      });
  return found == bundle_places.end() ? fs::path() : fs::path(*found);
}

CurlOptions with_bundle(CurlOptions options) {
  if (options.system_ca.empty()) options.system_ca = find_bundle();
  return options;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The key lies beside it under the same name.
void add_client_certificate(const fs::path& certificate, HostCertificates& found) {
  fs::path key = certificate;
  key.replace_extension(".key");
  std::error_code missing;
  if (!fs::exists(key, missing)) {
    throw Error(Fault::input,
                fmt::format("the client certificate `{}` has no key `{}`",
                            certificate.string(),
                            key.filename().string()),
                "put the key beside it; a file that is to be trusted is called `*.crt`");
  }
  found.client_certificate = certificate;
  found.client_key = key;
}

std::string read_certificates(const fs::path& file) {
  return read_file(file, longest_certificates) + "\n";
}

HostCertificates read_certificates(const CurlOptions& options, const std::string& host) {
  HostCertificates found;
  if (!options.ca.empty()) found.trusted += read_certificates(options.ca);
  for (const fs::path& folder : options.certificate_folders) {
    for (const fs::path& file : files_in(folder / host)) {
      if (file.extension() == ".crt") found.trusted += read_certificates(file);
      if (file.extension() == ".cert") add_client_certificate(file, found);
    }
  }
  if (!found.trusted.empty() && !options.system_ca.empty()) {
    found.trusted += read_certificates(options.system_ca);
  }
  return found;
}

}  // namespace

std::string trusted_certificates(const CurlOptions& options) {
  CurlOptions everywhere = with_bundle(options);
  everywhere.certificate_folders.clear();
  return read_certificates(everywhere, "").trusted;
}

CurlLine::CurlLine() : easy_(curl_easy_init()), multi_(curl_multi_init()) {
  if (easy_ == nullptr || multi_ == nullptr) {
    fail(Fault::internal, "libcurl cannot be used");
  }
}

CurlLine::~CurlLine() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

CurlTransport::State::State(CurlOptions given, const Stop& end)
    : options(with_bundle(std::move(given))), stop(end) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    fail(Fault::internal, "libcurl cannot be used");
  }
}

CurlTransport::State::~State() {
  idle_.clear();
  curl_global_cleanup();
}

std::unique_ptr<CurlLine> CurlTransport::State::take_line() {
  const std::scoped_lock lock(guard_);
  if (idle_.empty()) {
    return std::make_unique<CurlLine>();
  }
  std::unique_ptr<CurlLine> line = std::move(idle_.back());
  idle_.pop_back();
  return line;
}

void CurlTransport::State::give_line(std::unique_ptr<CurlLine> line) {
  curl_easy_reset(line->easy());
  const std::scoped_lock lock(guard_);
  if (idle_.size() < most_idle_lines) idle_.push_back(std::move(line));
}

const HostCertificates& CurlTransport::State::certificates_for(const std::string& host) {
  const std::scoped_lock lock(guard_);
  const auto known = certificates_.find(host);
  if (known != certificates_.end()) {
    return known->second;
  }
  return certificates_.emplace(host, read_certificates(options, host)).first->second;
}

}  // namespace mlpack
