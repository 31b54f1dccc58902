#include "registry/remote_listing.h"

#include "lib/error.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace mlpack {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int version = 1;

OrderedJson json_of(const RemoteFile& file) {
  OrderedJson json{{"path", file.path}, {"size", file.size}};
  if (file.sha256) json["sha256"] = file.sha256->hex();
  if (file.git_sha1) json["git"] = *file.git_sha1;
  if (!file.version.empty()) json["version"] = file.version;
  return json;
}

// Throws Json::exception for what is no file.
RemoteFile file_of(const OrderedJson& json) {
  RemoteFile file{.path = json.at("path"), .size = json.at("size")};
  if (json.contains("sha256")) file.sha256 = Digest::from_hex(json.at("sha256").get<std::string>());
  if (json.contains("git")) file.git_sha1 = json.at("git").get<std::string>();
  file.version = json.value("version", "");
  check_remote_path(file.path, "a listing");
  return file;
}

RemoteListing listing_of(const OrderedJson& json) {
  RemoteListing listing;
  listing.revision = json.at("revision");
  if (json.at("kind") == "file") listing.kind = RemoteListing::Kind::file;
  for (const OrderedJson& file : json.at("files")) {
    listing.files.push_back(file_of(file));
  }
  listing.files = sorted_remote_files(std::move(listing.files), "a listing");
  return listing;
}

}  // namespace

std::string write_remote_listing(const RemoteListing& listing) {
  OrderedJson files = OrderedJson::array();
  for (const RemoteFile& file : listing.files) {
    files.push_back(json_of(file));
  }
  const OrderedJson json{{"schema", version},
                         {"revision", listing.revision},
                         {"kind", listing.kind == RemoteListing::Kind::file ? "file" : "folder"},
                         {"files", std::move(files)}};
  // An ETag may be any bytes: it is kept as far as it is text, and compared no further.
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::optional<RemoteListing> parse_remote_listing(std::string_view text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    if (json.at("schema") != version) return std::nullopt;
    return listing_of(json);
  } catch (const OrderedJson::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace mlpack
