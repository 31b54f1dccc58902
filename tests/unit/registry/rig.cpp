#include "tests/unit/registry/rig.h"

#include <utility>

namespace mlpack::test {

Rig::Rig(std::optional<Credentials> who)
    : credentials(who ? FixedCredentials(*who) : FixedCredentials()),
      client(net, credentials, options(), progress, stop) {}

ClientOptions Rig::options() {
  ClientOptions options;
  options.jobs = 1;
  options.retry.sleep = [this](double seconds) {
    waits.push_back(seconds);
    now += seconds;
  };
  options.retry.clock = [this] { return now; };
  options.retry.wall = [this] { return static_cast<std::int64_t>(now); };
  options.retry.random = [] { return 1.0; };
  return options;
}

Repository Rig::at(const std::string& repository, Access access) const {
  return {name(std::string(host) + "/" + repository), access};
}

Credentials bob() {
  return {"bob", "secret", "", "`test`"};
}

Reference name(const std::string& text) {
  return parse_reference(text);
}

Descriptor blob_of(const std::string& bytes) {
  return {std::string(media_type::oci_layer), Digest::of(bytes), bytes.size(), {}, {}};
}

OpenSource open_text(const std::string& bytes) {
  return [bytes] { return std::make_unique<StringSource>(bytes); };
}

Image image_of(const std::vector<std::string>& layers) {
  std::vector<Layer> made;
  for (const std::string& bytes : layers) {
    made.push_back({Role::files, "", blob_of(bytes), Digest::of(bytes), "test", false});
  }
  ImageConfig config;
  config.platform = *Platform::parse("linux/amd64");
  config.created = rfc3339(0);
  return assemble({}, made, config, {});
}

OpenBlob opener(const Image& image, const std::vector<std::string>& layers) {
  std::vector<std::string> all = layers;
  all.push_back(image.config_bytes);
  return [all](const Descriptor& blob) -> std::unique_ptr<Source> {
    for (const std::string& bytes : all) {
      if (Digest::of(bytes) == blob.digest) return std::make_unique<StringSource>(bytes);
    }
    throw std::logic_error("a blob was opened that is not there");
  };
}

}  // namespace mlpack::test
