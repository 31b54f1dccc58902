#pragma once

#include "layers/debs.h"
#include "lib/download.h"
#include "lib/oci/recipe.h"
#include "tests/support/signing_key.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

/// An ar archive of members, each a name and its content.
std::string ar_of(const std::vector<std::pair<std::string, std::string>>& members);
std::string tar_of(std::vector<RecipeEntry> entries);
/// One ustar header with the checksum made right, for members that no recipe has.
std::string tar_header(const std::string& name,
                       char type,
                       std::uint64_t size = 0,
                       const std::string& link = "");
/// A .deb of format 2.0, both archives uncompressed.
std::string deb_of(const std::string& control_tar, const std::string& data_tar);

/// A package to be made.
struct TestDeb {
  std::string name;
  std::string version = "1";
  std::string fields = {};  // of the control paragraph beside those below, each with its line break
  std::vector<RecipeEntry> files = {};
  std::string postinst = {};
  std::string architecture = "amd64";

  std::string control() const;
  std::string bytes() const;
};

/// The archives `http://mirror.test/debian` and `…/debian-security` of bookworm in memory, for
/// amd64. Thread-safe where it is asked for files.
class DebRepository : public Downloader {
 public:
  /// Puts the .deb into the pool; the package as an index has it.
  DebPackage put(const TestDeb& deb, const std::string& mirror = "http://mirror.test/debian");
  /// The same, and its paragraph into the package list of `suite`.
  void add(const TestDeb& deb, const std::string& suite = "bookworm");
  /// Makes the package lists and the signed releases of all three suites.
  void publish(const SigningKey& key);

  bool get(const std::string& url, std::uint64_t limit, Sink& sink) override;
  std::vector<std::string> asked() const;
  void forget();

  std::map<std::string, std::string> files;  // by URL
  std::string architectures = "all amd64";
  std::string release_fields = "Date: Sun, 01 Nov 2026 10:00:00 UTC\n";  // of every release

 private:
  std::map<std::string, std::string> lists_;  // paragraphs by suite
  mutable std::mutex guard_;
  std::vector<std::string> asked_;
};

}  // namespace mlpack::test
