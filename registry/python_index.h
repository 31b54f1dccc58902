#pragma once

#include "lib/digest.h"
#include "registry/remote_wire.h"
#include "registry/url_credentials.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// A file as an index lists it.
struct IndexFile {
  std::string name;
  Url url;
  std::optional<Digest> sha256 = {};
  std::optional<std::uint64_t> size = {};
  enum class Yanked { no, yes } yanked = Yanked::no;
  std::string requires_python = {};  // as written; empty: any
};

/// The files on a page of the simple API as JSON (PEP 691). Those without a name or a URL are
/// passed over. Fault::refused, naming `source`, for what is none.
std::vector<IndexFile> parse_index_json(std::string_view text,
                                        const Url& page,
                                        const std::string& source);
/// The same of a page in HTML (PEP 503), or of any page with links to wheels.
std::vector<IndexFile> parse_index_html(std::string_view text, const Url& page);

/// An index of Python packages. Callable from any thread. Faults as RemoteSource's; no message
/// holds the credentials that its URL may have.
class PythonIndex {
 public:
  enum class Kind {
    index,  // pages of projects below the URL
    links   // one page with links
  };
  /// Fault::usage for what is no URL, or one in clear text that is not of this machine. The
  /// references in `context` must outlive it.
  PythonIndex(const RemoteContext& context, const std::string& url, Kind kind);

  /// Without credentials.
  std::string name() const { return place_.url.shown(); }
  const UrlWithCredentials& place() const { return place_; }
  /// What it has of a project; nullopt where it does not know it.
  std::optional<std::vector<IndexFile>> files(const std::string& project) const;

 private:
  RemoteWire wire_;
  UrlWithCredentials place_;
  Kind kind_;
};

}  // namespace mlpack
