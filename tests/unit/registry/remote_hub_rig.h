#pragma once

#include "registry/remote_hub.h"
#include "registry/remote_open.h"
#include "tests/unit/registry/remote_rig.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

inline const std::string commit(40, 'a');
inline const std::string weights = "the weights of a model";
inline const std::string readme = "hello";
inline const std::string readme_git =
    "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";  // git hash-object
inline const std::string api = "/api/models/acme/tiny";

inline std::string large(const std::string& path, const std::string& content) {
  return fmt::format(
      R"({{"type":"file","oid":"{}","size":{},"path":"{}","lfs":{{"oid":"{}","size":{}}}}})",
      std::string(40, 'b'),
      content.size(),
      path,
      Digest::of(content).hex(),
      content.size());
}

inline std::string small(const std::string& path, std::size_t size, const std::string& oid) {
  return fmt::format(R"({{"type":"file","oid":"{}","size":{},"path":"{}"}})", oid, size, path);
}

// A hub of one model at https://hub.example.com whose large file is at https://cdn.example.com.
struct Hub : RemoteRig {
  std::string content = weights;  // what the CDN sends
  std::vector<std::pair<std::string, std::string>> linked = {
      {"X-Repo-Commit", commit},
      {"X-Linked-Size", std::to_string(weights.size())},
      {"X-Linked-Etag", "\"" + Digest::of(weights).hex() + "\""},
      {"Location", "https://cdn.example.com/blob?Signature=secret"}};
  std::vector<std::string> pages = {"[" + large("model.safetensors", weights) + "]",
                                    R"([{"type":"directory","path":"a"},)" +
                                        small("a/README.md", readme.size(), readme_git) + "]"};
  std::string links = "https://hub.example.com";

  Hub() {
    environment["HF_ENDPOINT"] = "https://hub.example.com/";
    environment["HF_TOKEN"] = "hf_secret\n";
    net.serve("https://hub.example.com", [this](const Seen& seen) { return answer(seen); });
    net.serve("https://cdn.example.com",
              [this](const Seen& seen) { return ranged(seen, content); });
  }

  Response answer(const Seen& seen) {
    const std::string target = url_of(seen.url).target();
    if (target.starts_with(api + "/revision/")) {
      return reply(200, {}, R"({"id":"acme/tiny","sha":")" + commit + "\"}");
    }
    if (target.starts_with(api + "/tree/" + commit)) {
      const std::size_t page = target.find("cursor=2") == target.npos ? 0 : 1;
      if (page == 1) return reply(200, {}, pages[1]);
      return reply(
          200, {{"Link", "<" + links + api + "/tree/x?cursor=2>; rel=\"next\""}}, pages[0]);
    }
    if (target == "/acme/tiny/resolve/" + commit + "/model.safetensors") return reply(302, linked);
    if (target == "/acme/tiny/resolve/" + commit + "/a/README.md") return ranged(seen, readme);
    return reply(404, {{"X-Error-Code", "EntryNotFound"}});
  }

  std::unique_ptr<RemoteSource> open(const std::string& revision = "@main") {
    return open_remote("hf://acme/tiny" + revision, context());
  }
  RemoteFile model() {
    RemoteFile file{.path = "model.safetensors", .size = weights.size()};
    file.sha256 = Digest::of(weights);
    file.version = commit;
    return file;
  }
  Error refused(int status, const std::vector<std::pair<std::string, std::string>>& headers) {
    net.fault({.match = api, .times = 20, .instead = [=](const Seen&) {
                 return reply(status, headers);
               }});
    return error_of([&] { open()->list(); });
  }
};

inline bool tells(const Error& error, const std::string& secret) {
  return std::string(error.what()).find(secret) != std::string::npos ||
         error.hint().find(secret) != std::string::npos;
}

}  // namespace mlpack::test
