#include "layers/deb_fetch.h"
#include "lib/store/downloads.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Urls = std::vector<std::string>;

WantedFile wanted(const std::string& content, Urls urls) {
  return {"the file", std::move(urls), content.size(), Digest::of(content)};
}

std::string cached(const DebianRig& rig, const std::string& content) {
  return read_file(rig.store.cache_path(Digest::of(content)), 1 << 20);
}

std::string refused(Fault fault, DebianRig& rig, const std::vector<WantedFile>& files) {
  return failure(fault, [&] { fetch_files(files, "files", rig.context); });
}

constexpr const char* archive_url = "http://mirror.test/a";
constexpr const char* spare = "http://mirror.test/b";

}  // namespace

TEST_CASE("files are fetched once, and after that taken from the cache") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "one"}, {spare, "two"}};
  const std::vector<WantedFile> files{wanted("one", {archive_url}), wanted("two", {spare})};
  fetch_files(files, "files", rig.context);
  CHECK(cached(rig, "one") == "one");
  CHECK(cached(rig, "two") == "two");
  CHECK(rig.repository.asked().size() == 2);
  fetch_files(files, "files", rig.context);
  CHECK(rig.repository.asked().size() == 2);
}

TEST_CASE("a file that changed in the cache is fetched again") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "one"}};
  const std::vector<WantedFile> files{wanted("one", {archive_url})};
  fetch_files(files, "files", rig.context);
  write_file(rig.store.cache_path(Digest::of("one")), "two");
  rig.context.offline = Offline::yes;
  CHECK_FALSE(refused(Fault::input, rig, files).empty());
  rig.context.offline = Offline::no;
  fetch_files(files, "files", rig.context);
  CHECK(cached(rig, "one") == "one");
}

TEST_CASE("where nothing is believed, a file that changed without a trace is found out too") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "one"}};
  const std::vector<WantedFile> files{wanted("one", {archive_url})};
  write_file(rig.store.cache_path(Digest::of("one")), "two");
  note_intact(rig.store, Digest::of("one"));
  fetch_files(files, "files", rig.context);
  CHECK(cached(rig, "one") == "two");
  rig.context.downloads = Trust::nothing;
  fetch_files(files, "files", rig.context);
  CHECK(cached(rig, "one") == "one");
}

TEST_CASE("of several places the first that has the file is taken") {
  DebianRig rig;
  rig.repository.files = {{spare, "one"}};
  fetch_files({wanted("one", {archive_url, spare})}, "files", rig.context);
  CHECK(rig.repository.asked() == Urls{archive_url, spare});
  CHECK(cached(rig, "one") == "one");
}

TEST_CASE("a file with another digest or size is refused and not kept") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "evil"}};
  const std::string hint = " | the mirror may be in the middle of an update: try again";
  const std::string start =
      std::string("`") + archive_url + "` is not what the signed index says: ";
  CHECK(refused(Fault::integrity, rig, {wanted("good", {archive_url})}) ==
        start + Digest::of("evil").text() + " instead of " + Digest::of("good").text() + hint);
  CHECK(refused(Fault::integrity, rig, {wanted("longer", {archive_url})}) ==
        start + "4 bytes instead of 6" + hint);
  CHECK_FALSE(rig.store.has_cached(Digest::of("good")));
  CHECK_FALSE(rig.store.has_cached(Digest::of("evil")));
}

TEST_CASE("a file that the mirror lacks is refused by its last place") {
  DebianRig rig;
  CHECK(refused(Fault::refused, rig, {wanted("one", {archive_url, spare})}) ==
        std::string("the mirror has no `") + spare +
            "` | it may have dropped that version: `mlpack lock --upgrade system_packages` takes "
            "what "
            "it has now, and a `snapshot` keeps what there was");
}

TEST_CASE("offline, what is not in the cache is named") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "one"}, {spare, "two"}};
  fetch_files({wanted("one", {archive_url})}, "files", rig.context);
  rig.context.offline = Offline::yes;
  rig.repository.forget();
  fetch_files({wanted("one", {archive_url})}, "files", rig.context);
  CHECK(refused(Fault::input, rig, {wanted("one", {archive_url}), wanted("two", {spare})}) ==
        "`the file` is not in the store, and `--offline` forbids to fetch it | run `mlpack fetch` "
        "while there is a network");
  CHECK(rig.repository.asked().empty());
}

TEST_CASE("who is asked to stop fetches nothing") {
  DebianRig rig;
  rig.repository.files = {{archive_url, "one"}};
  rig.stop.request(Fault::interrupted);
  CHECK(refused(Fault::interrupted, rig, {wanted("one", {archive_url})}) != "nothing failed");
  CHECK(rig.repository.asked().empty());
}
