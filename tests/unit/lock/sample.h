#pragma once

#include "lib/lock/lock.h"

#include <string>
#include <vector>

namespace mlpack::test {

using Texts = std::vector<std::string>;

inline const Platform amd64 = *Platform::parse("linux/amd64");

inline Digest digest_of(const std::string& text) {
  return Digest::of(text);
}

/// `python`: with wheels too.
enum class SampleParts { plain, python };

/// A lock with something of everything in it.
inline Lock sample_lock(SampleParts parts = SampleParts::plain) {
  Lock lock;
  lock.system_rules = 1;
  lock.platform = *Platform::parse("linux/amd64");
  LockedWeights weights;
  weights.name = "w";
  weights.source = "hf://acme/tiny";
  weights.include = {"*.json", "*.safetensors"};
  weights.revision = "0123456789012345678901234567890123456789";
  weights.files = {{"a.json", 2, digest_of("a"), {}}, {"b/c.safetensors", 5, {}, "\"etag\""}};
  lock.weights.push_back(weights);
  LockedWeights image;
  image.name = "i";
  image.source = "oci://registry.test/acme/llama:1";
  image.kind = LockedWeights::Kind::image;
  image.revision = digest_of("image").text();
  lock.weights.push_back(image);
  LockedPlatform platform;
  platform.base = {"debian:12", digest_of("base")};
  platform.decisions = {{"user", "65532", {"the base runs as root", "the spec names no user"}}};
  LockedSystem system;
  system.suite = "bookworm";
  system.asked = {"less", "zlib1g"};
  system.mirror = "http://mirror.test/debian";
  system.security_mirror = "http://mirror.test/debian-security";
  using Archive = LockedPackage::Archive;
  system.packages = {
      {"less", "1-2", "amd64", 10, digest_of("less"), Archive::main, "pool/l/less.deb"},
      {"zlib1g", "3", "amd64", 11, digest_of("zlib"), Archive::security, "pool/z/zlib.deb"}};
  system.layers = {digest_of("key")};
  system.root = LockedRoot{{"app", "etc/passwd"}, {"etc"}, {{"bin", "usr/bin"}}};
  platform.system = system;
  LockedPython python;
  python.version = "3.11.2";
  python.libc = "glibc 2.36";
  python.torch = "cpu";
  python.asked = {"package six"};
  python.files = {{"r.txt", digest_of("r")}};
  python.wheels = {{"six",
                    "1.17.0",
                    "six-1.17.0-py2.py3-none-any.whl",
                    11050,
                    digest_of("six"),
                    "https://index.test/simple",
                    "https://files.test/six-1.17.0-py2.py3-none-any.whl",
                    {},
                    "packages"}};
  python.layers = {digest_of("python")};
  if (parts == SampleParts::python) platform.python = python;
  platform.layers = {{digest_of("key"),
                      Role::system,
                      "packages",
                      "gzip zlib l6 m1M",
                      digest_of("layer"),
                      digest_of("tar"),
                      1000}};
  lock.platforms[*Platform::parse("linux/amd64")] = platform;
  return lock;
}

}  // namespace mlpack::test
