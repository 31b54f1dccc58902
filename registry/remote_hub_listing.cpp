#include "registry/remote_hub_listing.h"

#include "lib/error.h"
#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using Json = nlohmann::json;

[[noreturn]] void not_a_hub(const std::string& source, const std::string& why) {
  throw Error(Fault::refused,
              fmt::format("cannot list `{}`: what answers is not a hub: {}", source, why),
              "check HF_ENDPOINT; a proxy or a captive portal may answer in its place");
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<std::uint64_t> size_of(const Json& object) {
  const auto found = object.find("size");
  const bool counts = found != object.end() && found->is_number_unsigned();
  if (!counts) return std::nullopt;
  const auto size = found->get<std::uint64_t>();
  return size < std::uint64_t{1} << 62 ? std::optional(size) : std::nullopt;
}

// `oid` is that of the git blob; of a file in LFS the pointer's, and `lfs` has the file's own.
RemoteFile file_of(const Json& item, const RemoteFile& pattern, const std::string& source) {
  RemoteFile file = pattern;
  file.path = text_of(item, "path");
  check_remote_path(file.path, source);
  const auto lfs = item.find("lfs");
  const bool large = lfs != item.end() && lfs->is_object();
  const Json& content = large ? *lfs : item;
  const auto size = size_of(content);
  const std::string oid = text_of(content, "oid");
  if (large) file.sha256 = Digest::from_hex(oid);
  if (!large && is_git_sha1(oid)) file.git_sha1 = oid;
  const bool complete = size && (file.sha256 || file.git_sha1);
  if (!complete) {
    not_a_hub(source, fmt::format("it gives no size and hash of `{}`", file.path));
  }
  file.size = *size;
  return file;
}

}  // namespace

bool is_git_sha1(const std::string& text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string hub_commit(const std::string& json, const std::string& source) {
  const Json reply = Json::parse(json, nullptr, false);
  const std::string commit = reply.is_object() ? text_of(reply, "sha") : "";
  if (!is_git_sha1(commit)) not_a_hub(source, "it names no commit");
  return commit;
}

void add_hub_page(const std::string& json,
                  const RemoteFile& pattern,
                  const std::string& source,
                  std::vector<RemoteFile>& files) {
  const Json page = Json::parse(json, nullptr, false);
  if (!page.is_array()) not_a_hub(source, "it sends no list of files");
  for (const Json& item : page) {
    if (!item.is_object()) not_a_hub(source, "its list has something else than files");
    if (text_of(item, "type") != "file") continue;
    files.push_back(file_of(item, pattern, source));
    if (files.size() > max_remote_files) {
      fail(Fault::refused, "`{}` has more than {} files", source, max_remote_files);
    }
  }
}

// `<https://hub/api/…?cursor=…>; rel="next"`. Only the query counts: a mirror may hand out links to
// the hub that it mirrors, and the token goes to neither by a link.
std::optional<std::string> next_page_query(const Url& url, const Headers& headers) {
  for (const std::string& field : headers.all("Link")) {
    for (std::size_t begin = field.find('<'); begin != field.npos;) {
      const std::size_t end = std::min(field.find('>', begin), field.size());
      const std::size_t following = field.find('<', end);
      const std::string parameters = field.substr(end, following - end);
      const auto next = url.resolve(field.substr(begin + 1, end - begin - 1));
      const std::size_t query = next ? next->target().find('?') : std::string::npos;
      const bool is_next = parameters.find("rel=\"next\"") != parameters.npos ||
                           parameters.find("rel=next") != parameters.npos;
      if (is_next && query != std::string::npos) return next->target().substr(query);
      begin = following;
    }
  }
  return std::nullopt;
}

}  // namespace mlpack
