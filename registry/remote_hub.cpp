#include "registry/remote_hub.h"

#include "lib/text.h"
#include "registry/refusal.h"
#include "registry/remote_hub_listing.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view hub_scheme = "hf://";
constexpr std::size_t most_tree_pages = 2100;  // the files of max_remote_files, 50 on a page

bool is_word(std::string_view text, std::string_view more) {
  const auto plain = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.front() != '.' && text.find("..") == text.npos &&
         std::all_of(text.begin(), text.end(), plain);
}

// Each part percent-encoded, the slashes kept.
std::string escape_path(std::string_view path) {
  std::string escaped;
  for (const std::string_view part : split(path, '/')) {
    escaped += (escaped.empty() ? "" : "/") + escape_query(part);
  }
  return escaped;
}

void check_said(const std::string& what,
                const std::string& header,
                const std::string& said,
                const std::string& expected) {
  if (said.empty() || expected.empty() || said == expected) return;
  fail(Fault::integrity,
       "cannot {}: the hub's {} is `{}`, where its list says `{}`",
       what,
       header,
       printable(said.substr(0, 100)),
       expected);
}

// The hub tells before it redirects what the file is that it redirects to.
void check_announced(const RemoteFile& file, const std::string& what, const Headers& headers) {
  check_said(what, "commit", headers.find("X-Repo-Commit").value_or(""), file.version);
  check_said(what, "size", headers.find("X-Linked-Size").value_or(""), std::to_string(file.size));
  std::string tag = headers.find("X-Linked-Etag").value_or("");
  std::erase(tag, '"');
  const bool is_sha256 = Digest::from_hex(tag).has_value();
  if (is_sha256 && file.sha256) check_said(what, "sha256", tag, file.sha256->hex());
}

}  // namespace

std::optional<HubName> HubName::parse(std::string_view source) {
  if (!source.starts_with(hub_scheme)) return std::nullopt;
  source.remove_prefix(hub_scheme.size());
  const std::size_t at = source.find('@');
  HubName name;
  name.repository = source.substr(0, at);
  if (at != source.npos) name.revision = source.substr(at + 1);
  const std::vector<std::string_view> parts = split(name.repository, '/');
  const bool valid = parts.size() == 2 && is_word(parts[0], "._-") && is_word(parts[1], "._-") &&
                     is_word(name.revision, "._/-");
  return valid ? std::optional(name) : std::nullopt;
}

HubSource::HubSource(const RemoteContext& context, HubName name, HubSettings settings)
    : wire_(context),
      model_(std::move(name)),
      settings_(std::move(settings)),
      name_(std::string(hub_scheme) + model_.repository) {}

void HubSource::require_online() const {
  if (!settings_.offline) return;
  throw Error(Fault::input,
              fmt::format("`{}` is not at hand, and HF_HUB_OFFLINE is set", name_),
              "unset HF_HUB_OFFLINE, or name a local folder as the source");
}

RemoteCall HubSource::call(const std::string& target, std::string what) const {
  require_online();
  RemoteCall call{.url = below(settings_.endpoint, target), .what = std::move(what)};
  call.prepare = [this](const Url& url, Request& request) {
    const bool own = same_origin(url, settings_.endpoint);
    if (own && !settings_.token.empty()) {
      request.headers.add("Authorization", "Bearer " + settings_.token);
    }
  };
  call.refusal = [this, about = call.what](const Landed& landed) {
    return hub_refusal(model_, settings_, about, landed);
  };
  return call;
}

std::string HubSource::resolve_revision() const {
  if (is_git_sha1(model_.revision)) return model_.revision;
  const RemoteCall asked = call(
      fmt::format("/api/models/{}/revision/{}", model_.repository, escape_query(model_.revision)),
      fmt::format("find `{}@{}`", name_, model_.revision));
  return hub_commit(wire_.get_text(asked, max_listing_bytes).text, name_);
}

bool HubSource::is_pinned() const {
  return is_git_sha1(model_.revision);
}

RemoteListing HubSource::list() {
  const std::string commit = resolve_revision();
  const std::string path = fmt::format("/api/models/{}/tree/{}", model_.repository, commit);
  const RemoteFile pattern{.path = {}, .version = commit};
  std::string query = "?recursive=true&expand=false";
  std::set<std::string> asked;
  std::vector<RemoteFile> files;
  std::size_t left = max_listing_bytes;
  while (asked.insert(query).second && asked.size() <= most_tree_pages) {
    const RemoteWire::Text page =
        wire_.get_text(call(path + query, fmt::format("list `{}`", name_)), left);
    left -= page.text.size();
    add_hub_page(page.text, pattern, name_, files);
    const auto next = next_page_query(page.landed.url, page.landed.response.headers);
    if (!next) return {commit, sorted_remote_files(std::move(files), name_)};
    query = *next;
  }
  fail(Fault::refused, "cannot list `{}`: the hub's list has no end", name_);
}

std::unique_ptr<Source> HubSource::open(const RemoteFile& file,
                                        std::uint64_t offset,
                                        std::uint64_t length) {
  check_remote_path(file.path, name_);
  if (!is_git_sha1(file.version)) {
    fail(Fault::input, "`{}` of `{}` is pinned to no commit", file.path, name_);
  }
  RemoteCall asked = call(
      fmt::format("/{}/resolve/{}/{}", model_.repository, file.version, escape_path(file.path)),
      fmt::format("fetch `{}` of `{}`", file.path, name_));
  // The list led to the commit, whatever the spec says.
  const HubName listed{model_.repository, file.version};
  asked.refusal = [this, listed, about = asked.what](const Landed& landed) {
    return hub_refusal(listed, settings_, about, landed);
  };
  asked.seen = [this, file, what = asked.what](const Url& url, const Response& response) {
    const bool fine = response.status < 400 && same_origin(url, settings_.endpoint);
    if (fine) check_announced(file, what, response.headers);
  };
  return wire_.source(std::move(asked), {offset, length, file.size, {}});
}

}  // namespace mlpack
