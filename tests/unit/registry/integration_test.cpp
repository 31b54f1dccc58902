// The client against Debian's docker-registry, where that is installed.

#include "lib/file.h"
#include "registry/curl_transport.h"
#include "registry/helper.h"
#include "registry/pull.h"
#include "registry/push.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <thread>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string search_path = "/usr/local/bin:/usr/bin:/bin";

// `bob:secret`, as htpasswd writes it.
constexpr const char* htpasswd =
    "bob:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

int free_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ::bind(socket.get(), plain, length);
  ::getsockname(socket.get(), plain, &length);
  return ntohs(address.sin_port);
}

// A docker-registry on a free port of 127.0.0.1; stopped when destroyed.
class RealRegistry {
 public:
  explicit RealRegistry(const std::string& more_http = "", const std::string& more = "") {
    const int port = free_port();
    host = "127.0.0.1:" + std::to_string(port);
    const fs::path config = folder_.write(
        "config.yml",
        "version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: " +
            (folder_ / "data").string() + "}\n" + more + "http:\n  addr: " + host + "\n" +
            more_http);
    const std::string program = find_program("docker-registry", search_path).value();
    std::vector<std::string> words = {program, "serve", config.string()};
    std::vector<char*> arguments;
    for (std::string& word : words) {
      arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    wait_until_it_listens(port);
  }
  ~RealRegistry() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  RealRegistry(const RealRegistry&) = delete;
  RealRegistry& operator=(const RealRegistry&) = delete;

  std::string host;

 private:
  static void wait_until_it_listens(int port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    for (int i = 0; i < 500; ++i) {
      const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw std::runtime_error("docker-registry does not start");
  }

  TempDir folder_;
  pid_t pid_ = 0;
};

bool is_installed(const char* program) {
  const bool found = find_program(program, search_path).has_value();
  if (!found) MESSAGE("skipped: " << program << " is not installed");
  return found;
}

struct Session {
  explicit Session(std::optional<Credentials> who = std::nullopt, CurlOptions options = {})
      : transport(std::move(options), stop),
        credentials(who ? FixedCredentials(*who) : FixedCredentials()),
        client(transport, credentials, {}, progress, stop) {}

  Stop stop;
  CurlTransport transport;
  FixedCredentials credentials;
  Progress progress;
  Client client;
};

const std::vector<std::string> layers = {
    std::string(3'000'000, 'a'), "b", std::string(70'000, 'c')};

PushRequest request_for(const Image& image, const std::string& target, Store* store = nullptr) {
  return {{image}, {}, name(target), opener(image, layers), store};
}

// A certificate of its own authority for 127.0.0.1.
void make_certificate(const TempDir& folder) {
  const auto openssl = find_program("openssl", search_path);
  const HelperResult result = run_helper({*openssl,
                                          "req",
                                          "-x509",
                                          "-newkey",
                                          "rsa:2048",
                                          "-nodes",
                                          "-days",
                                          "2",
                                          "-subj",
                                          "/CN=mlpack test",
                                          "-addext",
                                          "subjectAltName=IP:127.0.0.1",
                                          "-keyout",
                                          (folder / "key.pem").string(),
                                          "-out",
                                          (folder / "ca.pem").string()},
                                         "",
                                         {});
  REQUIRE(result.status == 0);
}

}  // namespace

TEST_CASE("a real registry takes an image once, and gives it back") {
  if (!is_installed("docker-registry")) return;
  const RealRegistry registry;
  Session session;
  const Image image = image_of(layers);
  const std::string target = registry.host + "/acme/x:1";
  const PushReport first = push(session.client, request_for(image, target));
  CHECK(first.uploaded == 4);
  CHECK(first.retries == 0);
  const PushReport second = push(session.client, request_for(image, target));
  CHECK(second.uploaded == 0);
  CHECK(second.present == 4);
  CHECK(second.bytes_sent == 0);

  const TempDir folder;
  Store store(folder.path());
  const PullReport pulled = pull(session.client, name(target), image.platform(), store);
  CHECK(pulled.downloaded == 3);
  CHECK(pulled.images.front().manifest_bytes == image.manifest_bytes);
  CHECK(store.verify(2).problems.empty());
}

TEST_CASE("a real registry mounts layers between its repositories") {
  if (!is_installed("docker-registry")) return;
  const RealRegistry registry;
  Session session;
  const TempDir folder;
  Store store(folder.path());
  const Image image = image_of(layers);
  push(session.client, request_for(image, registry.host + "/acme/x:1", &store));
  const PushReport report =
      push(session.client, request_for(image, registry.host + "/acme/y:1", &store));
  CHECK(report.mounted == 4);
  CHECK(report.uploaded == 0);
}

TEST_CASE("layers stream from one real registry to another through memory") {
  if (!is_installed("docker-registry")) return;
  const RealRegistry from;
  const RealRegistry to;
  Session session;
  const Image image = image_of(layers);
  push(session.client, request_for(image, from.host + "/acme/x:1"));
  const RemoteImage remote =
      fetch_image(session.client, name(from.host + "/acme/x:1"), std::nullopt);
  PushRequest request{remote.images, remote.index, name(to.host + "/acme/x:2"), {}, nullptr};
  request.open = remote_blobs(session.client, {name(from.host + "/acme/x")});
  CHECK(push(session.client, request).uploaded == 4);
}

TEST_CASE("a real registry's refusal of a bad blob is an integrity failure") {
  if (!is_installed("docker-registry")) return;
  const RealRegistry registry;
  Session session;
  const Repository to{name(registry.host + "/acme/x"), Access::push};
  CHECK(error_of([&] {
          session.client.upload_blob(to, blob_of("right"), open_text("wrong"));
        }).fault() == Fault::integrity);
  CHECK(session.client.head_blob(to, Digest::of("right")).presence == BlobState::Presence::absent);
}

TEST_CASE("the right to push is asked of a real registry") {
  if (!is_installed("docker-registry")) return;
  const RealRegistry registry;
  Session session;
  probe_push_right(session.client, name(registry.host + "/acme/x:1"));
}

TEST_CASE("a real registry with a password lets bob in and nobody else") {
  if (!is_installed("docker-registry")) return;
  const TempDir folder;
  const fs::path file = folder.write("htpasswd", htpasswd);
  const RealRegistry registry("",
                              "auth:\n  htpasswd: {realm: test, path: " + file.string() + "}\n");
  const Image image = image_of(layers);
  const std::string target = registry.host + "/acme/x:1";
  Session insider(bob());
  CHECK(push(insider.client, request_for(image, target)).uploaded == 4);
  Session stranger(Credentials{"bob", "wrong", "", "`test`"});
  CHECK(error_of([&] { push(stranger.client, request_for(image, target)); }).fault() ==
        Fault::auth);
  Session nobody;
  CHECK(error_of([&] { nobody.client.check(registry.host); }).fault() == Fault::auth);
  nobody.client.check_login(registry.host, bob());
}

TEST_CASE("a real registry with TLS is trusted by its authority's certificate only") {
  if (!is_installed("docker-registry") || !is_installed("openssl")) return;
  const TempDir folder;
  make_certificate(folder);
  const RealRegistry registry("  tls: {certificate: " + (folder / "ca.pem").string() +
                              ", key: " + (folder / "key.pem").string() + "}\n");
  CurlOptions options;
  options.ca = folder / "ca.pem";
  Session trusting(std::nullopt, options);
  trusting.client.check(registry.host);

  Session strict;
  const Error error = error_of([&] { strict.client.check(registry.host); });
  CHECK(error.fault() == Fault::network);
  CHECK(std::string(error.what()).find("certificate") != std::string::npos);
  CHECK(error.hint().find("--ca") != std::string::npos);

  fs::create_directories(folder / ("certs.d/" + registry.host));
  fs::copy_file(folder / "ca.pem", folder / ("certs.d/" + registry.host + "/ca.crt"));
  CurlOptions dockers;
  dockers.certificate_folders = {folder / "certs.d"};
  Session configured(std::nullopt, dockers);
  const Image image = image_of(layers);
  CHECK(push(configured.client, request_for(image, registry.host + "/acme/x:1")).uploaded == 4);
}
