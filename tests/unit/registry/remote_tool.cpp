// `remote_tool list SOURCE` prints `SIZE PATH HASH` for each file, `remote_tool get SOURCE FOLDER`
// keeps them all in a RemoteCache. For tests/e2e/test_remote.py.

#include "lib/error.h"
#include "registry/curl_transport.h"
#include "registry/remote_cache.h"
#include "registry/remote_open.h"

#include <cstdio>
#include <cstdlib>

using namespace mlpack;

namespace {

class Notes : public Progress {
 public:
  void note(const std::string& text) override { std::fprintf(stderr, "%s\n", text.c_str()); }
};

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void show(const RemoteFile& file, const std::string& hash) {
  std::printf(
      "%llu %s %s\n", static_cast<unsigned long long>(file.size), file.path.c_str(), hash.c_str());
}

void work(const std::string& verb, const std::string& name, const std::string& folder) {
  const Stop stop;
  Notes notes;
  CurlTransport transport(curl_options(variable, {}), stop);
  RemoteContext context{transport, variable, notes, stop};
  context.retry.first_wait = 0.01;
  const std::unique_ptr<RemoteSource> source = open_remote(name, context);
  const RemoteListing listing = source->list();
  std::printf("%s\n", listing.revision.c_str());
  const RemoteCache cache(folder, stop);
  for (const RemoteFile& file : listing.files) {
    const std::string said = file.sha256 ? file.sha256->hex() : file.git_sha1.value_or("-");
    show(file, verb == "get" ? cache.download_to(*source, file, notes).sha256.hex() : said);
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count < 3) fail(Fault::usage, "remote_tool list SOURCE | get SOURCE FOLDER");
    work(words[1], words[2], count > 3 ? words[3] : "");
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\nhint: %s\n", error.what(), error.hint().c_str());
    return static_cast<int>(error.fault());
  }
  return 0;
}
