#include "registry/remote_s3.h"

#include "lib/text.h"
#include "registry/auth.h"
#include "registry/client_state.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view s3_scheme = "s3://";
constexpr std::size_t most_list_pages =
    1100;  // max_remote_files, 1000 on a page, and some half empty

// The sha256 of no bytes, in hexadecimal: our requests have no body.
constexpr const char* empty_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string escaped_key(std::string_view path) {
  std::string escaped;
  for (const std::string_view part : split(path, '/')) {
    escaped += "/" + escape_query(part);
  }
  return escaped;
}

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Of an upload in parts it may be the digest of digests, `…-3`: no digest of ours.
std::optional<Digest> checksum_of(const Headers& headers) {
  const bool is_composite = headers.find("x-amz-checksum-type") == "COMPOSITE";
  const std::string raw =
      from_base64(headers.find("x-amz-checksum-sha256").value_or("")).value_or("");
  Digest::Raw bytes = {};
  if (is_composite || raw.size() != bytes.size()) return std::nullopt;
  std::copy(raw.begin(), raw.end(), bytes.begin());
  return Digest(bytes);
}

}  // namespace

std::optional<S3Name> S3Name::parse(std::string_view source) {
  if (!source.starts_with(s3_scheme)) return std::nullopt;
  source.remove_prefix(s3_scheme.size());
  const std::size_t slash = std::min(source.find('/'), source.size());
  S3Name name{std::string(source.substr(0, slash)), std::string(source.substr(slash))};
  while (name.prefix.ends_with('/')) {
    name.prefix.pop_back();
  }
  if (name.prefix.starts_with('/')) name.prefix.erase(0, 1);
  return is_bucket(name.bucket) ? std::optional(name) : std::nullopt;
}

S3Source::S3Source(const RemoteContext& context, S3Name name, S3Settings settings)
    : wire_(context),
      bucket_(std::move(name)),
      settings_(std::move(settings)),
      name_(std::string(s3_scheme) + bucket_.bucket +
            (bucket_.prefix.empty() ? "" : "/" + bucket_.prefix)) {}

// A name with dots is in no certificate of Amazon's (`*.s3.REGION.amazonaws.com`), and other
// servers know their own name alone.
Url S3Source::bucket_url() const {
  if (settings_.endpoint) {
    return below(*settings_.endpoint, "/" + bucket_.bucket);
  }
  const std::string& region = settings_.signer.region;
  const std::string host =
      fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
  const bool has_dots = bucket_.bucket.find('.') != std::string::npos;
  return has_dots ? Url::parse("https://" + host + "/" + bucket_.bucket).value()
                  : Url::parse("https://" + bucket_.bucket + "." + host).value();
}

RemoteCall S3Source::call(const std::string& path, std::string what) const {
  const Url bucket = bucket_url();
  RemoteCall call{.url = below(bucket, path), .what = std::move(what)};
  // S3 redirects to other regions, where the request would have to be signed anew.
  call.redirects = RemoteCall::Redirects::returned;
  call.prepare = [this, bucket](const Url& url, Request& request) {
    if (settings_.signer.key_id.empty() || !same_origin(url, bucket)) return;
    request.signer = settings_.signer;
    request.headers.add("x-amz-content-sha256", empty_sha256);
    if (!settings_.session_token.empty()) {
      request.headers.add("x-amz-security-token", settings_.session_token);
    }
  };
  call.refusal = [this, about = call.what](const Landed& landed) {
    return s3_refusal(settings_, about, landed);
  };
  return call;
}

// Amazon says where a bucket is even to those whom it does not let in.
void S3Source::find_region() {
  if (settings_.endpoint) return;
  std::call_once(region_known_, [&] {
    RemoteCall asked = call("/", fmt::format("find the bucket `{}`", bucket_.bucket));
    asked.method = "HEAD";
    std::string region;
    asked.seen = [&](const Url&, const Response& response) {
      if (region.empty()) region = response.headers.find("x-amz-bucket-region").value_or("");
    };
    const Landed landed = wire_.send(asked);
    if (landed.response.status == 404) throw asked.refusal(landed);
    const bool plain =
        region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!region.empty() && plain) settings_.signer.region = region;
  });
}

// The object that has the prefix for its name, where there is one.
std::optional<RemoteFile> S3Source::find_object() {
  RemoteCall asked = call(escaped_key(bucket_.prefix), fmt::format("find `{}`", name_));
  asked.method = "HEAD";
  const Landed landed = wire_.send(asked);
  if (landed.response.status == 404) return std::nullopt;
  if (landed.response.status != 200) throw asked.refusal(landed);
  RemoteFile file;
  file.path = last_part(bucket_.prefix);
  check_remote_path(file.path, name_);
  const auto size = content_length(landed.response.headers);
  if (!size) fail(Fault::refused, "cannot find `{}`: its server gives no size", name_);
  file.size = *size;
  file.version = landed.response.headers.find("ETag").value_or("");
  return file;
}

std::vector<RemoteFile> S3Source::list_objects() {
  const std::string folder = bucket_.prefix.empty() ? "" : bucket_.prefix + "/";
  std::vector<RemoteFile> files;
  std::set<std::string> asked = {""};
  std::size_t left = max_listing_bytes;
  for (std::string token;;) {
    // In the order that is signed.
    const std::string query =
        (token.empty() ? "/?" : "/?continuation-token=" + escape_query(token) + "&") +
        "encoding-type=url&list-type=2&prefix=" + escape_query(folder);
    const RemoteWire::Text text =
        wire_.get_text(call(query, fmt::format("list `{}`", name_)), left);
    left -= text.text.size();
    S3Page page = parse_s3_page(text.text, folder, name_);
    std::move(page.files.begin(), page.files.end(), std::back_inserter(files));
    if (files.size() > max_remote_files) {
      fail(Fault::refused, "`{}` has more than {} files", name_, max_remote_files);
    }
    if (page.next.empty()) return files;
    token = page.next;
    if (!asked.insert(token).second || asked.size() > most_list_pages) {
      fail(Fault::refused, "cannot list `{}`: the server's list has no end", name_);
    }
  }
}

RemoteListing S3Source::list() {
  find_region();
  std::vector<RemoteFile> files = list_objects();
  auto kind = RemoteListing::Kind::folder;
  if (files.empty() && !bucket_.prefix.empty()) {
    if (auto object = find_object()) files.push_back(std::move(*object));
    kind = RemoteListing::Kind::file;
  }
  if (files.empty()) {
    throw Error(Fault::refused,
                fmt::format("there is nothing at `{}`", name_),
                "check the bucket and what follows it");
  }
  files = sorted_remote_files(std::move(files), name_);
  std::string all;
  for (const RemoteFile& file : files) {
    all += fmt::format("{} {} {}\n", file.version, file.size, file.path);
  }
  return {Digest::of(all).text(), std::move(files), kind};
}

// A file whose path is the last part of the prefix is that object itself, or one below it.
std::string S3Source::key_of(const RemoteFile& file) {
  check_remote_path(file.path, name_);
  if (bucket_.prefix.empty()) return file.path;
  if (file.path == last_part(bucket_.prefix)) {
    std::call_once(kind_known_, [&] { is_object_ = find_object().has_value(); });
    if (is_object_) return bucket_.prefix;
  }
  return bucket_.prefix + "/" + file.path;
}

RemoteCall S3Source::object_call(const RemoteFile& file, const std::string& verb) {
  find_region();
  RemoteCall asked =
      call(escaped_key(key_of(file)), fmt::format("{} `{}` of `{}`", verb, file.path, name_));
  if (!file.version.empty()) asked.headers.add("If-Match", file.version);
  return asked;
}

void S3Source::describe(RemoteFile& file) {
  RemoteCall asked = object_call(file, "look at");
  asked.method = "HEAD";
  asked.headers.add("x-amz-checksum-mode", "ENABLED");
  const Landed landed = wire_.send(asked);
  if (landed.response.status == 200 && !file.sha256) {
    file.sha256 = checksum_of(landed.response.headers);
  }
}

std::unique_ptr<Source> S3Source::open(const RemoteFile& file,
                                       std::uint64_t offset,
                                       std::uint64_t length) {
  return wire_.source(object_call(file, "fetch"), {offset, length, file.size, file.version});
}

}  // namespace mlpack
