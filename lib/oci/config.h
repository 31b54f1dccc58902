#pragma once

#include "lib/digest.h"
#include "lib/oci/platform.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// One step of a config's history (OCI image-spec 1.1, config.md).
struct History {
  std::string created;  // RFC 3339
  std::string created_by;
  std::string comment;
  bool empty_layer = false;
};

/// An image's configuration (OCI image-spec 1.1, config.md). What mlpack does not know of a base's
/// `config` object is kept in `other`, a JSON object, and written back.
struct ImageConfig {
  Platform platform;
  std::string created;  // RFC 3339
  std::string author;
  std::string user;
  std::vector<std::string> exposed_ports;  // `8000/tcp`, sorted
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::vector<std::string> volumes;
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::vector<Digest> diff_ids;
  std::vector<History> history;
  std::string other = "{}";

  /// Replaces or appends.
  void set_env(const std::string& name, const std::string& value);
  std::optional<std::string> env_value(std::string_view name) const;
};

/// Fault::integrity naming the rule that `text`, the config of `what`, breaks; Fault::incompatible
/// for an image that is not for linux.
ImageConfig parse_config(std::string_view text, const std::string& what);
/// Compact JSON in the order of the OCI structs; equal configs give equal bytes.
std::string write_config(const ImageConfig& config);
/// `1970-01-01T00:00:00Z` for 0.
std::string rfc3339(std::int64_t seconds);

}  // namespace mlpack
