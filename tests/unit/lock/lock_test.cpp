#include "lib/lock/lock.h"

#include "lib/text.h"
#include "tests/unit/lock/sample.h"
#include "tests/unit/oci/check_error.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text) {
  const Error error = error_of([&] { parse_lock(text, "mlpack.lock"); });
  CHECK(error.fault() == Fault::input);
  CHECK_FALSE(error.hint().empty());
  return error.what();
}

}  // namespace

TEST_CASE("a lock is read as it was written, and equal locks are equal bytes") {
  const std::string text = write_lock(sample_lock());
  const Lock read = parse_lock(text, "mlpack.lock");
  CHECK(write_lock(read) == text);
  CHECK(read.weights == sample_lock().weights);
  CHECK(read.platforms.begin()->second.system == sample_lock().platforms.begin()->second.system);
  CHECK(read.platforms.begin()->second.layers == sample_lock().platforms.begin()->second.layers);
  CHECK(parse_lock(write_lock(Lock()), "x").empty());
}

TEST_CASE("wheels are read as they were written, and what is wrong with one is named") {
  const std::string text = write_lock(sample_lock(SampleParts::python));
  const Lock read = parse_lock(text, "mlpack.lock");
  CHECK(write_lock(read) == text);
  CHECK(read.platforms.begin()->second.python ==
        sample_lock(SampleParts::python).platforms.begin()->second.python);
  const std::string place = "`platforms.linux/amd64.python.wheels[0].";
  const auto problem = [&](const std::string& from, const std::string& to) {
    const std::string message = message_of(replaced(text, from, to));
    const std::size_t at = message.find(place);
    return at == std::string::npos ? message : message.substr(at + place.size());
  };
  CHECK(problem("https://files.test/", "https://me:secret@files.test/") ==
        "url` holds a user name or password");
  CHECK(problem("https://index.test/simple", "https://index.test/simple?token=1") ==
        "index` is no http or https URL of a file");
  CHECK(problem("\"six-1.17.0", "\"seven-1.17.0") == "file` is a wheel of another package");
  CHECK(problem("\"six-1.17.0-py2.py3-none-any.whl\"", "\"six.zip\"") ==
        "file` is no name of a wheel");
  CHECK(problem("\"version\": \"1.17.0\"", "\"version\": \"new\"") == "version` is no version");
}

TEST_CASE("every package, file and layer of a lock is one line") {
  const std::string text = write_lock(sample_lock());
  std::size_t lines = 0;
  for (const std::string_view line : split(text, '\n')) {
    if (line.find("\"sha256\": ") != std::string_view::npos) ++lines;
    if (line.find("\"diff_id\": ") != std::string_view::npos) ++lines;
  }
  CHECK(lines == 4);
  CHECK(text.find("          \"asked\": [\"less\", \"zlib1g\"],\n") == std::string::npos);
  CHECK(text.find("        \"asked\": [\"less\", \"zlib1g\"],\n") != std::string::npos);
  CHECK(text.starts_with("{\n  \"schema\": 1,\n  \"rules\": {\n    \"layers\": 1,"));
}

TEST_CASE("a lock of another schema is refused with what to do") {
  const std::string text = replaced(write_lock(sample_lock()), "\"schema\": 1", "\"schema\": 2");
  const Error error = error_of([&] { parse_lock(text, "mlpack.lock"); });
  CHECK(error.what() ==
        std::string("`mlpack.lock` is a lock of schema 2, and this version of mlpack knows 1"));
  CHECK(error.hint() == "use the mlpack that wrote it, or remove the file and run `mlpack lock`");
}

TEST_CASE("a lock with the marks of a merge says so") {
  const std::string text = replaced(write_lock(sample_lock()), "{", "<<<<<<< HEAD\n{");
  CHECK(message_of(text) == "the lock `mlpack.lock` has conflicts of a merge in it");
}

TEST_CASE("what is wrong in a lock is named with its place") {
  const std::string good = write_lock(sample_lock());
  const std::string sha256 = Digest::of("less").hex();
  const std::vector<std::array<std::string, 3>> bad{
      {"\"size\": 10,",
       "\"size\": -10,",
       "`platforms.linux/amd64.system.packages[0].size` is negative"},
      {sha256,
       "XYZ",
       "`platforms.linux/amd64.system.packages[0].sha256` is no sha256 of 64 lower-case "
       "hexadecimal digits"},
      {"pool/l/less.deb",
       "../less.deb",
       "`platforms.linux/amd64.system.packages[0].path` is no path below a folder"},
      {"pool/l/less.deb",
       "/etc/passwd",
       "`platforms.linux/amd64.system.packages[0].path` is no path below a folder"},
      {"pool/l/less.deb",
       "pool/x y?z",
       "`platforms.linux/amd64.system.packages[0].path` is no path of a package"},
      {"\"name\": \"zlib1g\"",
       "\"name\": \"less\"",
       "`platforms.linux/amd64.system.packages[1]` is there twice"},
      {"\"name\": \"less\"",
       "\"name\": \"a\\nb\"",
       "`platforms.linux/amd64.system.packages[0].name` is empty or holds control characters"},
      {"http://mirror.test/debian\"",
       "http://me:secret@mirror.test/debian\"",
       "`platforms.linux/amd64.system.mirror` holds a user name or password"},
      {"http://mirror.test/debian\"",
       "gopher://mirror.test/debian\"",
       "`platforms.linux/amd64.system.mirror` is no http, https or file URL"},
      {"\"security\"",
       "\"main\"",
       "`platforms.linux/amd64.system.packages[1].archive` is not `security`"},
      {"\"role\": \"system\"",
       "\"role\": \"files\"",
       "`platforms.linux/amd64.layers[0].role` is not `system`, `python` or `weights`"},
      {"\"linux/amd64\": {",
       "\"linux/x86_64\": {",
       "`platforms.linux/x86_64` is no platform such as `linux/amd64`"},
      {"\"kind\": \"folder\"",
       "\"kind\": \"tree\"",
       "`weights[0].kind` is not `folder`, `file` or `image`"},
      {"\"kind\": \"image\"", "\"kind\": \"file\"", "`weights[1]` has not the files of its kind"},
      {Digest::of("image").text(), "sha256:1", "`weights[1].revision` is no digest"},
      {"\"a.json\"", "\"z.json\"", "`weights[0].files` is not sorted by path"},
      {"\"a.json\"", "\"b/c.safetensors\"", "`weights[0].files` is not sorted by path"},
      {"\"a.json\"", "\"a/../../x\"", "`weights[0].files[0].path` is no path below a folder"},
      {"\"name\": \"i\"", "\"name\": \"w\"", "`weights[1]` is there twice"},
      {"\"covers\"",
       "\"covered\"",
       "`platforms.linux/amd64.system.root.covered` is a key that this version of mlpack does not "
       "know"},
      {"\"suite\": \"bookworm\"",
       "\"suite\": 12",
       "`platforms.linux/amd64.system.suite` is not a string"}};
  for (const auto& [from, to, problem] : bad) {
    CHECK(message_of(replaced(good, from, to)) == "the lock `mlpack.lock`: " + problem);
  }
}

TEST_CASE("every lock that ends too early, and everything that is no lock, is refused") {
  const std::string good = write_lock(sample_lock());
  for (std::size_t length = 0; length + 2 < good.size(); length += 7) {
    message_of(good.substr(0, length));
  }
  for (const std::string text : {"",
                                 "[]",
                                 "1",
                                 "null",
                                 "schema: 1\n",
                                 "{}",
                                 "{\"schema\": \"1\"}",
                                 "{\"schema\": 1}",
                                 "\xff\xfe",
                                 "{\"schema\": 1, \"schema\": 1}"}) {
    message_of(text);
  }
  message_of(std::string(100'000, '['));
}

TEST_CASE("a lock in which any one byte is another is read or refused, and nothing else") {
  const std::string good = write_lock(sample_lock());
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : {'"', '}', '9', '\0'}) {
      std::string text = good;
      text[at] = byte;
      try {
        parse_lock(text, "mlpack.lock");
      } catch (const Error& error) {
        CHECK(error.fault() == Fault::input);
      }
    }
  }
}

TEST_CASE("a lock of the most files that a source may have is read back") {
  Lock lock;
  LockedWeights weights;
  weights.name = "many";
  weights.source = "hf://acme/many";
  for (int i = 0; i < 100'000; ++i)
    weights.files.push_back({std::to_string(1'000'000 + i), 1, Digest::of("x"), {}});
  lock.weights.push_back(weights);
  const std::string text = write_lock(lock);
  CHECK(text.size() < max_lock_bytes);
  CHECK(parse_lock(text, "mlpack.lock").weights.front().files.size() == 100'000);
}
