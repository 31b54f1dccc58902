#include "registry/remote_s3.h"

#include "lib/text.h"
#include "registry/auth.h"
#include "registry/remote_open.h"
#include "tests/unit/registry/remote_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string s3_weights = "the weights of a model";

std::string contents(const std::string& key, std::size_t size) {
  return fmt::format(
      "<Contents><Key>{}</Key><ETag>&quot;e1&quot;</ETag><Size>{}</Size></Contents>", key, size);
}

std::string page(const std::string& inside, const std::string& next = "") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>" +
         inside + "<IsTruncated>" + (next.empty() ? "false" : "true") + "</IsTruncated>" +
         (next.empty() ? "" : "<NextContinuationToken>" + next + "</NextContinuationToken>") +
         "</ListBucketResult>";
}

std::string s3_error(const std::string& code) {
  return "<Error><Code>" + code +
         "</Code><Message>no</Message><StringToSign>secret</StringToSign>"
         "</Error>";
}

// Keeps how each request was signed.
class SigningNet : public Transport {
 public:
  explicit SigningNet(Transport& net) : net_(net) {}
  Response send(const Request& request) override {
    signers.push_back(request.signer);
    return net_.send(request);
  }
  std::vector<std::optional<S3Signer>> signers;

 private:
  Transport& net_;
};

// A bucket at https://minio.example.com.
struct Bucket : RemoteRig {
  std::map<std::string, std::string> pages = {
      {"", page(contents("m/a+b%2B%C3%A9.bin", 22), "t/=")},
      {"t%2F%3D", page(contents("m/sub/c", 1) + contents("m/sub/", 0) + contents("m/", 0))}};
  SigningNet wire{net};

  Bucket() {
    environment = {{"AWS_ACCESS_KEY_ID", "AKID"},
                   {"AWS_SECRET_ACCESS_KEY", "secret"},
                   {"AWS_SESSION_TOKEN", "session"},
                   {"AWS_ENDPOINT_URL_S3", "https://minio.example.com/"}};
    net.serve("https://minio.example.com", [this](const Seen& seen) { return answer(seen); });
  }
  Response answer(const Seen& seen) {
    const std::string target = Url::parse(seen.url)->target();
    if (target.starts_with("/acme/?")) {
      const std::size_t token = target.find("continuation-token=");
      const std::string asked = token == target.npos ? "" : target.substr(token + 19);
      return reply(200, {}, pages[asked.substr(0, asked.find('&'))]);
    }
    if (target != "/acme/m/a%20b%2B%C3%A9.bin") return reply(404, {}, s3_error("NoSuchKey"));
    if (seen.headers.find("If-Match") != "\"e1\"") return reply(412);
    const std::string sum(reinterpret_cast<const char*>(Digest::of(s3_weights).raw().data()), 32);
    return seen.method == "HEAD" ? reply(200, {{"x-amz-checksum-sha256", base64(sum)}})
                                 : ranged(seen, s3_weights, {{"ETag", "\"e1\""}});
  }
  RemoteContext signed_context() {
    RemoteContext plain = context();
    return {wire, plain.environment, plain.progress, plain.stop, plain.retry};
  }
  std::unique_ptr<RemoteSource> open(const std::string& source = "s3://acme/m") {
    return open_remote(source, signed_context());
  }
};

S3Settings settings_with(const std::map<std::string, std::string>& variables) {
  RemoteRig rig;
  rig.environment = variables;
  return s3_settings(rig.context().environment, PlainHttp::loopback_only);
}

}  // namespace

TEST_CASE("the objects below a prefix are listed page by page, markers of folders left out") {
  Bucket bucket;
  const RemoteListing listing = bucket.open("s3://acme/m/")->list();
  REQUIRE(listing.files.size() == 2);
  CHECK(listing.files[0].path == "a b+\xc3\xa9.bin");
  CHECK(listing.files[0].version == "\"e1\"");
  CHECK(listing.files[0].size == 22);
  CHECK(listing.files[1].path == "sub/c");
  CHECK(listing.revision.starts_with("sha256:"));
  CHECK(bucket.net.seen()[1].url ==
        "https://minio.example.com/acme/?continuation-token=t%2F%3D&encoding-type=url&list-type=2"
        "&prefix=m%2F");
}

TEST_CASE("every request is signed, with the token of the session") {
  Bucket bucket;
  const auto source = bucket.open();
  const RemoteFile file = source->list().files[0];
  read_from(*source, file, 4, 7, bucket.sink);
  CHECK(bucket.sink.text == "weights");
  for (const auto& signer : bucket.wire.signers) {
    REQUIRE(signer);
    CHECK(signer->key_id == "AKID");
    CHECK(signer->secret == "secret");
    CHECK(signer->region == "us-east-1");
  }
  for (const Seen& seen : bucket.net.seen()) {
    CHECK(seen.headers.find("x-amz-security-token") == "session");
    CHECK(seen.headers.find("x-amz-content-sha256") == Digest::of("").hex());
  }
  CHECK(bucket.net.seen().back().headers.find("Range") == "bytes=4-10");
  CHECK(bucket.net.seen().back().headers.find("If-Match") == "\"e1\"");
}

TEST_CASE("an object's own digest is asked for, and the object held against it") {
  Bucket bucket;
  const auto source = bucket.open();
  RemoteFile file = source->list().files[0];
  CHECK_FALSE(file.sha256);
  source->describe(file);
  CHECK(file.sha256 == Digest::of(s3_weights));
  read_from(*source, file, 0, file.size, bucket.sink);
  CHECK(bucket.sink.text == s3_weights);
}

TEST_CASE("a digest of digests is no digest") {
  Bucket bucket;
  const auto source = bucket.open();
  RemoteFile file = source->list().files[0];
  bucket.net.fault(
      {.match = "HEAD", .instead = [](const Seen&) {
         return reply(200, {{"x-amz-checksum-sha256", base64(std::string(32, 'x')) + "-3"}});
       }});
  source->describe(file);
  CHECK_FALSE(file.sha256);
}

TEST_CASE("an object that changed since it was listed is an integrity failure") {
  Bucket bucket;
  const auto source = bucket.open();
  RemoteFile file = source->list().files[0];
  file.version = "\"e0\"";
  const Error error = error_of([&] { read_from(*source, file, 0, 22, bucket.sink); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()).ends_with("it changed since it was listed"));
  CHECK(error.hint() == "build or fetch again: what is there now is listed anew then");
}

TEST_CASE("a source may name one object") {
  Bucket bucket;
  bucket.pages = {{"", page("")}};
  bucket.net.fault({.match = "HEAD", .times = 9, .instead = [](const Seen&) {
                      return reply(200, {{"ETag", "\"e1\""}, {"Content-Length", "22"}});
                    }});
  const std::string name = "s3://acme/m/a b+\xc3\xa9.bin";
  const RemoteFile file = bucket.open(name)->list().files.at(0);
  CHECK(file.path == "a b+\xc3\xa9.bin");
  const auto source = bucket.open(name);
  read_from(*source, file, 0, 22, bucket.sink);
  CHECK(bucket.sink.text == s3_weights);
}

TEST_CASE("a prefix with nothing below it is refused") {
  Bucket bucket;
  bucket.pages = {{"", page("")}};
  const Error error = error_of([&] { bucket.open("s3://acme/none")->list(); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) == "there is nothing at `s3://acme/none`");
}

TEST_CASE("keys that lead out of the folder are refused") {
  for (const char* key : {"m/../x", "m//x", "m/a/../b", "m/%00", "m/..", "m/a%0Ab"}) {
    CAPTURE(key);
    Bucket bucket;
    bucket.pages = {{"", page(contents(key, 1))}};
    CHECK(error_of([&] { bucket.open()->list(); }).fault() == Fault::integrity);
  }
}

TEST_CASE("what is no list of objects is told apart, and so is one without an end") {
  for (const std::string& text : {std::string("<html/>"),
                                  std::string("{}"),
                                  page(contents("other/x", 1)),
                                  page("<Contents><Key>m/x</Key></Contents>")}) {
    Bucket bucket;
    bucket.pages = {{"", text}};
    CHECK(error_of([&] { bucket.open()->list(); }).fault() == Fault::refused);
  }
  Bucket bucket;
  bucket.pages = {{"", page("", "x")}, {"x", page("", "x")}};
  CHECK(std::string(error_of([&] { bucket.open()->list(); }).what()) ==
        "cannot list `s3://acme/m`: the server's list has no end");
}

TEST_CASE("refusals of S3 say who came, and hold no secret") {
  Bucket bucket;
  const auto refused = [&](int status, const std::string& code) {
    bucket.net.fault({.match = "GET",
                      .instead = [=](const Seen&) { return reply(status, {}, s3_error(code)); }});
    Error error = error_of([&] { bucket.open()->list(); });
    CHECK((error.what() + error.hint()).find("secret") == std::string::npos);
    return error;
  };
  const Error denied = refused(403, "AccessDenied");
  CHECK(denied.fault() == Fault::auth);
  CHECK(std::string(denied.what()) ==
        "cannot list `s3://acme/m`: `minio.example.com` replied 403 (AccessDenied: no); we came "
        "with the key of AWS_ACCESS_KEY_ID");
  CHECK(refused(400, "ExpiredToken").fault() == Fault::auth);
  CHECK(refused(403, "InvalidObjectState").fault() == Fault::refused);
  CHECK(refused(404, "NoSuchBucket").hint() == "check the name of the bucket, and the endpoint");
}

TEST_CASE("Amazon is asked where the bucket is, and then in that region") {
  RemoteRig rig;
  rig.environment = {{"AWS_REGION", "us-west-2"}};
  rig.net.serve("https://acme.s3.us-west-2.amazonaws.com", [](const Seen&) {
    return reply(301, {{"x-amz-bucket-region", "eu-central-1"}});
  });
  rig.net.serve("https://acme.s3.eu-central-1.amazonaws.com",
                [](const Seen&) { return reply(200, {}, page(contents("a", 1))); });
  CHECK(open_remote("s3://acme", rig.context())->list().files.at(0).path == "a");
  rig.net.serve("https://s3.us-west-2.amazonaws.com",
                [](const Seen&) { return reply(200, {}, page(contents("a", 1))); });
  CHECK(open_remote("s3://ac.me", rig.context())->list().files.size() == 1);
  CHECK(rig.net.seen().back().url ==
        "https://s3.us-west-2.amazonaws.com/ac.me/?encoding-type=url&list-type=2&prefix=");
}

TEST_CASE("keys, region and endpoint come from the files of the AWS tools") {
  const TempDir folder;
  folder.write("home/.aws/credentials",
               "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B==\n"
               "[other]\naws_access_key_id=C\naws_secret_access_key=D\naws_session_token=E\n");
  folder.write("home/.aws/config",
               "[default]\nregion = eu-west-1\ns3 =\n  endpoint_url = https://no.example.com\n"
               "[profile other]\nendpoint_url = https://s3.example.com\n"
               "[profile sso]\nsso_session = x\n");
  const std::string home = (folder / "home").string();
  const S3Settings main = settings_with({{"HOME", home}});
  CHECK(main.signer.key_id == "A");
  CHECK(main.signer.secret == "B==");
  CHECK(main.signer.region == "eu-west-1");
  CHECK_FALSE(main.endpoint);
  const S3Settings other =
      settings_with({{"HOME", home}, {"AWS_PROFILE", "other"}, {"AWS_DEFAULT_REGION", "x-1"}});
  CHECK(other.signer.key_id == "C");
  CHECK(other.session_token == "E");
  CHECK(other.origin == "profile `other`");
  CHECK(other.signer.region == "x-1");
  CHECK(other.endpoint->text() == "https://s3.example.com/");
  const Error sso = error_of([&] { settings_with({{"HOME", home}, {"AWS_PROFILE", "sso"}}); });
  CHECK(sso.fault() == Fault::auth);
  CHECK(std::string(sso.what()) ==
        "profile `sso` has no key but `sso_session`, which mlpack cannot use");
  CHECK(error_of([&] {
          settings_with({{"HOME", home}, {"AWS_PROFILE", "none"}});
        }).fault() == Fault::auth);
}

TEST_CASE("without a key requests are not signed") {
  const S3Settings none = settings_with({});
  CHECK(none.signer.key_id.empty());
  CHECK(none.signer.region == "us-east-1");
  CHECK(error_of([] {
          settings_with({{"AWS_ENDPOINT_URL", "http://minio.example.com"}});
        }).fault() == Fault::usage);
  CHECK(settings_with({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9000"}}).endpoint);
  CHECK(error_of([] { settings_with({{"AWS_REGION", "x/../y"}}); }).fault() == Fault::usage);
}

TEST_CASE("names of buckets") {
  CHECK(S3Name::parse("s3://acme")->prefix.empty());
  CHECK(S3Name::parse("s3://acme/a/b//")->prefix == "a/b");
  CHECK_FALSE(S3Name::parse("s3://A"));
  CHECK_FALSE(S3Name::parse("s3://x@y/z"));
}
