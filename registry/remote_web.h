#pragma once

#include "lib/remote.h"
#include "registry/remote_wire.h"

#include <optional>
#include <string>

namespace mlpack {

/// One file by its URL, `https://…/model.gguf#sha256=…`. Its path is the URL's last part; a netrc
/// file may have a password for its host.
class WebSource : public RemoteSource {
 public:
  /// Fault::usage for what is no such URL. Where `authorization` is given, the header of that name
  /// goes with it to the server that the URL names, and nowhere else.
  WebSource(const RemoteContext& context,
            const std::string& source,
            std::string authorization = {});

  const std::string& name() const override { return name_; }
  RemoteListing list() override;
  bool is_pinned() const override { return sha256_.has_value(); }
  /// A query is not kept: it may hold a signature, which is secret and soon worth nothing.
  bool keeps(const RemoteFile& file) const override { return file.sha256 && name_ == url_.text(); }
  std::unique_ptr<Source> open(const RemoteFile& file,
                               std::uint64_t offset,
                               std::uint64_t length) override;

 private:
  RemoteCall call(const std::string& method, const std::string& verb) const;
  Error refusal(const std::string& what, const Landed& landed) const;
  std::uint64_t size_of(const Landed& landed) const;
  Landed look() const;

  RemoteWire wire_;
  Url url_;
  std::optional<Digest> sha256_;
  std::string name_;
  std::string authorization_;
};

}  // namespace mlpack
