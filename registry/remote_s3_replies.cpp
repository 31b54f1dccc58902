#include "lib/text.h"
#include "registry/refusal.h"
#include "registry/remote_s3.h"
#include "registry/remote_xml.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t most_elements = 50'000;  // of a page of 1000 objects
constexpr std::size_t longest_part = 200;

[[noreturn]] void no_page(const std::string& source, const std::string& why) {
  throw Error(Fault::refused,
              fmt::format("cannot list `{}`: what answers is not S3: {}", source, why),
              "check the endpoint; a proxy or a captive portal may answer in its place");
}

// With `encoding-type=url` keys come as in a form.
std::string decoded(std::string key, bool is_encoded) {
  if (!is_encoded) return key;
  std::replace(key.begin(), key.end(), '+', ' ');
  return percent_decoded(key);
}

RemoteFile file_of(const XmlElement& object, std::string path, const std::string& source) {
  RemoteFile file;
  file.path = std::move(path);
  check_remote_path(file.path, source);
  const auto size = parse_number(object.text_of("Size"), std::uint64_t{1} << 62);
  if (!size) no_page(source, fmt::format("it gives no size of `{}`", file.path));
  file.size = *size;
  file.version = object.text_of("ETag");
  return file;
}

bool is_about_keys(const std::string& code) {
  for (const char* known : {"ExpiredToken",
                            "InvalidToken",
                            "InvalidAccessKeyId",
                            "SignatureDoesNotMatch",
                            "RequestTimeTooSkewed",
                            "TokenRefreshRequired"}) {
    if (code == known) return true;
  }
  return false;
}

std::string hint_for_auth(const S3Settings& settings, const std::string& code) {
  if (code == "RequestTimeTooSkewed") return "set the clock of this machine";
  if (code == "ExpiredToken")
    return "get new credentials: those of " + settings.origin + " are old";
  return settings.signer.key_id.empty()
             ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; what else the AWS "
               "tools know is given by `aws configure export-credentials --format env`"
             : "the key needs s3:ListBucket for the bucket and s3:GetObject for what is in it";
}

std::string hint_for(int status, const std::string& code) {
  if (code == "InvalidObjectState") return "the object is archived: restore it first";
  if (code == "NoSuchBucket") return "check the name of the bucket, and the endpoint";
  if (status == 404) return "check what follows the bucket's name";
  if (status == 301 || status == 400) return "set AWS_REGION to the bucket's region";
  return status >= 500 || status == 429 ? "the server has a problem; try again later" : "";
}

}  // namespace

S3Page parse_s3_page(const std::string& xml, const std::string& folder, const std::string& source) {
  const std::optional<XmlElement> root = parse_xml(xml, most_elements);
  if (!root || root->name != "ListBucketResult") no_page(source, "it sends no list of objects");
  const bool is_encoded = root->text_of("EncodingType") == "url";
  S3Page page;
  for (const XmlElement& object : root->children) {
    if (object.name != "Contents") continue;
    const std::string key = decoded(object.text_of("Key"), is_encoded);
    if (!key.starts_with(folder)) no_page(source, "it lists what was not asked for");
    if (key.ends_with('/') || key.size() == folder.size()) continue;
    page.files.push_back(file_of(object, key.substr(folder.size()), source));
  }
  if (root->text_of("IsTruncated") == "true") {
    page.next = root->text_of("NextContinuationToken");
    if (page.next.empty()) no_page(source, "its list breaks off");
  }
  return page;
}

Error s3_refusal(const S3Settings& settings, const std::string& what, const Landed& landed) {
  const int status = landed.response.status;
  const auto body = parse_xml(error_body(landed.response), 100);
  const std::string code = body ? body->text_of("Code") : "";
  const std::string message = body ? body->text_of("Message") : "";
  const std::string reason = code.empty() ? ""
                                          : fmt::format(" ({}: {})",
                                                        printable(code.substr(0, longest_part)),
                                                        printable(message.substr(0, longest_part)));
  const bool is_auth =
      is_about_keys(code) || status == 401 || (status == 403 && code != "InvalidObjectState");
  const std::string who =
      settings.signer.key_id.empty() ? "without a key" : "with the key of " + settings.origin;
  return Error(is_auth ? Fault::auth : Fault::refused,
               fmt::format("cannot {}: `{}` replied {}{}{}",
                           what,
                           landed.url.authority(),
                           status,
                           reason,
                           is_auth ? "; we came " + who : ""),
               is_auth ? hint_for_auth(settings, code) : hint_for(status, code));
}

}  // namespace mlpack
