#pragma once

#include "lib/remote.h"
#include "registry/remote_wire.h"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// `s3://BUCKET/PREFIX`.
struct S3Name {
  std::string bucket;
  std::string prefix;  // no slash at either end; empty: the whole bucket
  static std::optional<S3Name> parse(std::string_view source);
};

/// How the environment says that S3 is spoken to.
struct S3Settings {
  S3Signer signer;                   // key_id empty: anonymous
  std::string session_token;         // empty: none
  std::string origin;                // of the key, for messages
  std::optional<Url> endpoint = {};  // absent: Amazon's
};

/// From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, else the profile AWS_PROFILE
/// of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and AWS_CONFIG_FILE (~/.aws/config);
/// AWS_REGION, AWS_DEFAULT_REGION; AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL. Fault::usage for an
/// endpoint that cannot be used, Fault::auth for a profile that is missing or of another kind.
S3Settings s3_settings(const Environment& environment, PlainHttp plain);

/// Objects of a bucket, of S3 or what speaks like it: those below a prefix, or the one that has
/// just that name. `version` of its files is the ETag.
class S3Source : public RemoteSource {
 public:
  S3Source(const RemoteContext& context, S3Name name, S3Settings settings);

  const std::string& name() const override { return name_; }
  RemoteListing list() override;
  /// S3 sends an object only while it has the ETag that it was listed with.
  bool keeps(const RemoteFile& file) const override { return file.version.starts_with('"'); }
  void describe(RemoteFile& file) override;
  std::unique_ptr<Source> open(const RemoteFile& file,
                               std::uint64_t offset,
                               std::uint64_t length) override;

 private:
  RemoteCall call(const std::string& path, std::string what) const;
  RemoteCall object_call(const RemoteFile& file, const std::string& verb);
  Url bucket_url() const;
  void find_region();
  std::optional<RemoteFile> find_object();
  std::vector<RemoteFile> list_objects();
  std::string key_of(const RemoteFile& file);

  RemoteWire wire_;
  S3Name bucket_;
  S3Settings settings_;
  std::string name_;
  std::once_flag region_known_;
  std::once_flag kind_known_;
  bool is_object_ = false;
};

/// One page of ListObjectsV2.
struct S3Page {
  std::vector<RemoteFile> files;  // paths are relative to the prefix
  std::string next;               // token of the next page; empty: this is the last
};

/// Fault::refused, naming `source`, for what is no such page; Fault::integrity for keys that are no
/// paths. Keys that end in `/` stand for folders and are left out. `folder` is the prefix, ending
/// in `/`, or empty.
S3Page parse_s3_page(const std::string& xml, const std::string& folder, const std::string& source);

/// The Error for an answer that is not 2xx, its body read for S3's code.
Error s3_refusal(const S3Settings& settings, const std::string& what, const Landed& landed);

}  // namespace mlpack
