#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a blob that is there is told from one that is not") {
  Rig rig;
  rig.registry.put_blob("acme/x", "hello");
  const BlobState there = rig.client.head_blob(rig.at("acme/x"), Digest::of("hello"));
  CHECK(there.presence == BlobState::Presence::present);
  CHECK(there.size == 5);
  CHECK(rig.client.head_blob(rig.at("acme/x"), Digest::of("else")).presence ==
        BlobState::Presence::absent);
}

TEST_CASE("a registry that does not answer HEAD leaves the presence unknown") {
  for (const int status : {400, 403, 405, 501}) {
    Rig rig;
    rig.net.fault({.match = "HEAD", .instead = [&](const Seen&) { return reply(status); }});
    CHECK(rig.client.head_blob(rig.at("acme/x"), Digest::of("a")).presence ==
          BlobState::Presence::unknown);
  }
}

TEST_CASE("a size that is no number is no size") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(200, {{"Content-Length", "-5"}});
                 }});
  const BlobState state = rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(state.presence == BlobState::Presence::present);
  CHECK_FALSE(state.size);
}

TEST_CASE("a redirect to another host is followed without our credentials") {
  Rig rig(bob());
  rig.registry.require_basic("bob:secret");
  rig.net.serve("https://cdn.example.com", [](const Seen&) { return reply(200, {}, "hello"); });
  rig.net.fault({.match = "GET", .skip = 1, .instead = [](const Seen&) {
                   return reply(307, {{"Location", "https://cdn.example.com/b?sig=1"}});
                 }});
  StringSink sink(100);
  CHECK(rig.client.get_blob(rig.at("acme/x"), blob_of("hello"), sink));
  CHECK(sink.text == "hello");
  const std::vector<Seen> seen = rig.net.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].headers.find("Authorization") == "Basic Ym9iOnNlY3JldA==");
  CHECK(seen[2].url == "https://cdn.example.com/b?sig=1");
  CHECK_FALSE(seen[2].headers.find("Authorization"));
}

TEST_CASE("another port or scheme is another origin") {
  Rig rig(bob());
  rig.registry.require_basic("bob:secret");
  rig.net.serve("https://registry.example.com:8443",
                [](const Seen&) { return reply(200, {}, "hello"); });
  rig.net.fault({.match = "GET", .skip = 1, .instead = [](const Seen&) {
                   return reply(307, {{"Location", "https://registry.example.com:8443/b"}});
                 }});
  StringSink sink(100);
  CHECK(rig.client.get_blob(rig.at("acme/x"), blob_of("hello"), sink));
  CHECK_FALSE(rig.net.seen().back().headers.find("Authorization"));
}

TEST_CASE("a redirect from https to http is refused") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(307, {{"Location", "http://registry.example.com/b"}});
                 }});
  const Error error = error_of([&] { rig.client.head_blob(rig.at("acme/x"), Digest::of("a")); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "`https://registry.example.com/v2/acme/x/blobs/" + Digest::of("a").text() +
            "` redirects from https to `http://registry.example.com/b`");
}

TEST_CASE("redirects that do not end are given up after five") {
  Rig rig;
  rig.net.fault({.match = "GET", .times = 100, .instead = [](const Seen&) {
                   return reply(302, {{"Location", "/v2/again"}});
                 }});
  const Error error = error_of([&] { rig.client.get_manifest(rig.at("acme/x"), "1"); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "`https://registry.example.com/v2/acme/x/manifests/1` redirects more than 5 times");
  CHECK(rig.net.seen().size() == 6);
}

TEST_CASE("a redirect that cannot be read is refused, with what it says made harmless") {
  Rig rig;
  rig.net.fault({.match = "GET", .instead = [](const Seen&) {
                   return reply(301, {{"Location", "https://\x1b[2J@evil/"}});
                 }});
  const Error error = error_of([&] { rig.client.get_manifest(rig.at("acme/x"), "1"); });
  CHECK(std::string(error.what()) ==
        "`https://registry.example.com/v2/acme/x/manifests/1` redirects to "
        "`https://\\x1b[2J@evil/`, which is no URL that can be followed");
}

TEST_CASE("a public registry cannot send us into the private network") {
  Rig rig;
  rig.net.serve(
      "https://inside.example.com", [](const Seen&) { return reply(200); }, "10.0.0.1");
  rig.net.fault({.match = "GET", .instead = [](const Seen&) {
                   return reply(307, {{"Location", "https://inside.example.com/b"}});
                 }});
  const Error error = error_of([&] { rig.client.get_manifest(rig.at("acme/x"), "1"); });
  CHECK(error.fault() == Fault::refused);
  CHECK(rig.net.seen().size() == 1);
}

TEST_CASE("a registry of the private network may lead to others there") {
  Rig rig;
  FakeRegistry inner(rig.net, "inner.example.com", "https", "10.0.0.1");
  rig.net.serve(
      "https://cdn.example.com", [](const Seen&) { return reply(200, {}, "hello"); }, "10.0.0.2");
  rig.net.fault({.match = "inner", .times = 9, .instead = [](const Seen&) {
                   return reply(307, {{"Location", "https://cdn.example.com/b"}});
                 }});
  StringSink sink(100);
  const Repository repository{name("inner.example.com/a"), Access::pull};
  CHECK(rig.client.get_blob(repository, blob_of("hello"), sink));
}

TEST_CASE("a web page is not a registry") {
  Rig rig;
  rig.net.fault({.match = "", .times = 9, .instead = [](const Seen&) {
                   return reply(200, {{"Content-Type", "text/html; charset=utf-8"}}, "<html>");
                 }});
  const Error error = error_of([&] { rig.client.check(host); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "cannot reach registry `registry.example.com`: `registry.example.com` is not a registry: "
        "it replied 200 with a web page");
  CHECK_THROWS_AS(rig.client.head_blob(rig.at("acme/x"), Digest::of("a")), Error);
  CHECK_THROWS_AS(rig.client.start_upload(rig.at("acme/x")), Error);
  CHECK_THROWS_AS(rig.client.put_manifest(rig.at("acme/x"), "1", "{}", "x"), Error);
}

TEST_CASE("a site without /v2/ is not a registry") {
  Rig rig;
  rig.net.fault({.match = "/v2/", .instead = [](const Seen&) { return reply(404); }});
  CHECK(std::string(error_of([&] { rig.client.check(host); }).what()) ==
        "cannot reach registry `registry.example.com`: `registry.example.com` is not a registry: "
        "it replied 404 with something else");
}

TEST_CASE("a refusal says what the registry says, short and printable") {
  Rig rig;
  rig.net.fault(
      {.match = "POST", .instead = [](const Seen&) {
         return reply(
             403,
             {},
             R"({"errors":[{"code":"DENIED","message":"no \u001b[31m access"},{"code":7}]})");
       }});
  const Error error = error_of([&] { rig.client.start_upload(rig.at("acme/x")); });
  CHECK(error.fault() == Fault::auth);
  CHECK(std::string(error.what()) ==
        "cannot push to `registry.example.com/acme/x`: `registry.example.com` replied 403 "
        "(DENIED: no \\x1b[31m access; ); we came without credentials and asked for "
        "`repository:acme/x:pull,push`");
  CHECK(error.hint() == "log in with `mlpack login registry.example.com`");
}

TEST_CASE("a proxy before the registry says what it refuses in a web page or in a line") {
  const auto refused = [](const std::string& body) {
    Rig rig;
    rig.net.fault({.match = "POST", .instead = [&](const Seen&) { return reply(400, {}, body); }});
    return error_of([&] { rig.client.start_upload(rig.at("acme/x")); });
  };
  const std::string begin =
      "cannot push to `registry.example.com/acme/x`: `registry.example.com` replied 400";
  const Error page = refused(
      "<html><head><TITLE>400 No required SSL certificate was sent</TITLE></head>nginx</html>");
  CHECK(std::string(page.what()) == begin + " (400 No required SSL certificate was sent)");
  CHECK(page.hint() ==
        "put `client.cert` and `client.key` into a folder `certs.d/HOST:PORT` of docker's or "
        "podman's (see FILES in mlpack(1))");
  const Error line = refused("Client sent an HTTP request to an HTTPS server.\n");
  CHECK(std::string(line.what()) == begin + " (Client sent an HTTP request to an HTTPS server.)");
  CHECK(line.hint() == "it speaks TLS there: leave `--plain-http` out");
  CHECK(std::string(refused("<title>never ends").what()) == begin + " (never ends)");
  CHECK(std::string(refused("<html>no title</html>").what()) == begin);
}

TEST_CASE("a huge error body is not read to its end") {
  Rig rig;
  rig.net.fault({.match = "POST", .instead = [](const Seen&) {
                   return reply(400, {}, std::string(std::size_t{10} << 20, '['));
                 }});
  const Error error = error_of([&] { rig.client.start_upload(rig.at("acme/x")); });
  CHECK(std::string(error.what()) ==
        "cannot push to `registry.example.com/acme/x`: `registry.example.com` replied 400");
}

TEST_CASE("a request is tried again after a 503, and the user is told") {
  Rig rig;
  rig.registry.put_blob("acme/x", "hello");
  rig.net.fault({.match = "HEAD", .times = 2, .instead = [](const Seen&) { return reply(503); }});
  CHECK(rig.client.head_blob(rig.at("acme/x"), Digest::of("hello")).size == 5);
  CHECK(rig.waits == std::vector<double>{0.5, 1});
  CHECK(rig.client.retries() == 2);
  REQUIRE(rig.progress.lines.size() == 2);
  CHECK(rig.progress.lines[0] ==
        "`registry.example.com` replied 503; trying to look for blob `sha256:2cf24dba5fb0` of "
        "`registry.example.com/acme/x` again in 0.50 s");
}

TEST_CASE("ten attempts are made with a registry that has answered") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .times = 99, .instead = [](const Seen&) { return reply(500); }});
  const Error error = error_of([&] { rig.client.head_blob(rig.at("acme/x"), Digest::of("a")); });
  CHECK(error.fault() == Fault::refused);
  CHECK(error.hint() == "the registry has a problem; try again later");
  CHECK(rig.net.seen().size() == 10);
}

TEST_CASE("a host that never answered is given up sooner") {
  Rig rig;
  const Repository nowhere{name("nowhere.example.com/x"), Access::pull};
  const Error error = error_of([&] { rig.client.head_blob(nowhere, Digest::of("a")); });
  CHECK(error.fault() == Fault::network);
  CHECK(rig.waits.size() == 3);
}

TEST_CASE("Retry-After holds back everything that goes to the host") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(429, {{"Retry-After", "7"}});
                 }});
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(rig.waits == std::vector<double>{7});
}

TEST_CASE("Retry-After as a date is waited for") {
  Rig rig;
  rig.now = 1'000'000;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(429, {{"Retry-After", "Mon, 12 Jan 1970 13:46:50 GMT"}});
                 }});
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(rig.waits == std::vector<double>{10});
}

TEST_CASE("Retry-After of 0, or a date that is past, leaves the waits to us") {
  for (const char* value : {"0", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
    Rig rig;
    CAPTURE(value);
    rig.net.fault({.match = "HEAD", .times = 3, .instead = [&](const Seen&) {
                     return reply(503, {{"Retry-After", value}});
                   }});
    rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
    CHECK(rig.waits == std::vector<double>{0.5, 1, 2});
  }
}

TEST_CASE("Retry-After of a week is cut to five minutes") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(503, {{"Retry-After", "604800"}});
                 }});
  rig.client.head_blob(rig.at("acme/x"), Digest::of("a"));
  CHECK(rig.waits == std::vector<double>{300});
}

TEST_CASE("a manifest comes with its own bytes and digest") {
  Rig rig;
  const Image image = image_of({"one"});
  rig.registry.put_manifest("acme/x", "1", image.manifest_bytes, image.media_type);
  const auto found = rig.client.get_manifest(rig.at("acme/x"), "1");
  REQUIRE(found);
  CHECK(found->bytes == image.manifest_bytes);
  CHECK(found->digest == image.digest());
  CHECK(found->media_type == image.media_type);
  CHECK(rig.client.head_manifest(rig.at("acme/x"), "1")->digest == image.digest());
  CHECK_FALSE(rig.client.get_manifest(rig.at("acme/x"), "2"));
  CHECK_FALSE(rig.client.head_manifest(rig.at("acme/x"), "2"));
}

TEST_CASE("a manifest that is not the one asked for is refused") {
  Rig rig;
  const Image image = image_of({"one"});
  const std::string wanted = Digest::of("other").text();
  rig.registry.put_manifest("acme/x", wanted, image.manifest_bytes, image.media_type);
  const Error error = error_of([&] { rig.client.get_manifest(rig.at("acme/x"), wanted); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) == "manifest `registry.example.com/acme/x@" + wanted +
                                         "` has digest `" + image.digest().text() +
                                         "`; `registry.example.com` sent something else");
}

TEST_CASE("a registry that is wrong about a manifest's digest is not believed") {
  Rig rig;
  const Image image = image_of({"one"});
  rig.registry.put_manifest("acme/x", "1", image.manifest_bytes, image.media_type);
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) {
                   return reply(200,
                                {{"Content-Type", image.media_type},
                                 {"Docker-Content-Digest", Digest::of("x").text()}},
                                image.manifest_bytes);
                 }});
  CHECK(error_of([&] { rig.client.get_manifest(rig.at("acme/x"), "1"); }).fault() ==
        Fault::integrity);
}

TEST_CASE("a manifest larger than 4 MiB is not read") {
  Rig rig;
  rig.registry.put_manifest("acme/x",
                            "1",
                            std::string((std::size_t{4} << 20) + 1, ' '),
                            std::string(media_type::oci_manifest));
  const Error error = error_of([&] { rig.client.get_manifest(rig.at("acme/x"), "1"); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "cannot fetch manifest `registry.example.com/acme/x:1`: it is larger than 4.00 MiB");
}

TEST_CASE("a manifest without a useful Content-Type says itself what it is") {
  Rig rig;
  const Image image = image_of({"one"});
  rig.registry.put_manifest("acme/x", "1", image.manifest_bytes, "application/json");
  CHECK(rig.client.get_manifest(rig.at("acme/x"), "1")->media_type == image.media_type);
}

TEST_CASE("names without a host are refused before anything is sent") {
  Rig rig;
  const Repository local{name("acme/x:1"), Access::push};
  const Error error = error_of([&] { rig.client.start_upload(local); });
  CHECK(error.fault() == Fault::usage);
  CHECK(std::string(error.what()) == "`acme/x:1` names no registry");
}

TEST_CASE("a loopback registry is spoken to in clear text") {
  Rig rig;
  FakeRegistry local(rig.net, "127.0.0.1:5000", "http", "127.0.0.1");
  rig.client.check("127.0.0.1:5000");
  CHECK(rig.net.seen().front().url == "http://127.0.0.1:5000/v2/");
}

TEST_CASE("a loopback registry with TLS is found out") {
  Rig rig;
  FakeRegistry local(rig.net, "127.0.0.1:5000", "https", "127.0.0.1");
  rig.net.serve("http://127.0.0.1:5000", [](const Seen&) { return reply(400); });
  rig.client.check("127.0.0.1:5000");
  CHECK(rig.net.seen().back().url == "https://127.0.0.1:5000/v2/");
}

TEST_CASE("a loopback registry that hangs up at first is not taken to have TLS") {
  Rig rig;
  FakeRegistry local(rig.net, "127.0.0.1:5000", "http", "127.0.0.1");
  rig.net.fault({.match = "http:", .times = 2, .instead = [](const Seen&) { return no_answer(); }});
  rig.net.fault({.match = "https:", .times = 2, .instead = [](const Seen&) {
                   Response none = no_answer("it does not speak TLS");
                   none.failure->kind = NetworkFailure::Kind::clear_text;
                   return none;
                 }});
  rig.client.check("127.0.0.1:5000");
  CHECK(rig.net.seen().back().url == "http://127.0.0.1:5000/v2/");
}

TEST_CASE("any other registry is never spoken to in clear text unless asked") {
  Rig rig;
  FakeRegistry plain(rig.net, "plain.example.com", "http", "10.0.0.1");
  CHECK_THROWS_AS(rig.client.check("plain.example.com"), Error);
  for (const Seen& seen : rig.net.seen()) {
    CHECK(seen.url.starts_with("https://"));
  }
  ClientOptions options = rig.options();
  options.plain_http = PlainHttp::always;
  Client(rig.net, rig.credentials, options, rig.progress, rig.stop).check("plain.example.com");
}

TEST_CASE("docker.io is spoken to where docker speaks to it") {
  Rig rig;
  FakeRegistry hub(rig.net, "registry-1.docker.io");
  rig.client.check("docker.io");
  CHECK(rig.net.seen().back().url == "https://registry-1.docker.io/v2/");
}

TEST_CASE("a stop ends the work before the next request") {
  Rig rig;
  rig.stop.request(Fault::interrupted);
  CHECK(error_of([&] { rig.client.check(host); }).fault() == Fault::interrupted);
  CHECK(rig.net.seen().empty());
}
