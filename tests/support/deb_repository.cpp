#include "tests/support/deb_repository.h"

#include "layers/tar_view.h"
#include "lib/error.h"
#include "tests/unit/layers/support.h"

#include <fmt/format.h>

namespace mlpack::test {
namespace {

constexpr const char* pool = "pool/main/";

std::string mirror_of(const std::string& suite) {
  return suite.ends_with("-security") ? "http://mirror.test/debian-security"
                                      : "http://mirror.test/debian";
}

std::string file_name(const TestDeb& deb) {
  return fmt::format("{}{}_{}_{}.deb", pool, deb.name, deb.version, deb.architecture);
}

}  // namespace

std::string ar_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string bytes = "!<arch>\n";
  for (const auto& [name, content] : members) {
    bytes +=
        fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", name, 0, 0, 0, 100644, content.size());
    bytes += content;
    if (content.size() % 2 == 1) bytes += '\n';
  }
  return bytes;
}

std::string tar_of(std::vector<RecipeEntry> entries) {
  LayerRecipe recipe;
  recipe.entries = std::move(entries);
  return all_of(*TarView(recipe).open());
}

std::string tar_header(const std::string& name,
                       char type,
                       std::uint64_t size,
                       const std::string& link) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  block.replace(124, 11, fmt::format("{:011o}", size));
  block[156] = type;
  block.replace(157, link.size(), link);
  block.replace(257, 8, std::string("ustar\00000", 8));
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char byte : block)
    sum += static_cast<unsigned char>(byte);
  block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return block;
}

std::string deb_of(const std::string& control_tar, const std::string& data_tar) {
  return ar_of({{"debian-binary", "2.0\n"}, {"control.tar", control_tar}, {"data.tar", data_tar}});
}

std::string TestDeb::control() const {
  return fmt::format(
      "Package: {}\nVersion: {}\nArchitecture: {}\n{}", name, version, architecture, fields);
}

std::string TestDeb::bytes() const {
  std::vector<RecipeEntry> control_files{text_entry("control", control())};
  if (!postinst.empty()) control_files.push_back(text_entry("postinst", postinst));
  return deb_of(tar_of(std::move(control_files)), tar_of(files));
}

DebPackage DebRepository::put(const TestDeb& deb, const std::string& mirror) {
  const std::string bytes = deb.bytes();
  const std::string url = mirror + "/" + file_name(deb);
  files[url] = bytes;
  return {deb.name, deb.version, deb.architecture, bytes.size(), Digest::of(bytes), url};
}

void DebRepository::add(const TestDeb& deb, const std::string& suite) {
  const DebPackage package = put(deb, mirror_of(suite));
  lists_[suite] += fmt::format("{}Filename: {}\nSize: {}\nSHA256: {}\n\n",
                               deb.control(),
                               file_name(deb),
                               package.size,
                               package.sha256.hex());
}

void DebRepository::publish(const SigningKey& key) {
  const std::string path = "main/binary-amd64/Packages";
  for (const std::string suite : {"bookworm", "bookworm-updates", "bookworm-security"}) {
    const std::string folder = mirror_of(suite) + "/dists/" + suite + "/";
    const std::string& list = lists_[suite];
    files[folder + path] = list;
    files[folder + "InRelease"] =
        key.sign(fmt::format("Codename: {}\nArchitectures: {}\n{}SHA256:\n {} {} {}\n",
                             suite,
                             architectures,
                             release_fields,
                             Digest::of(list).hex(),
                             list.size(),
                             path));
  }
}

bool DebRepository::get(const std::string& url, std::uint64_t limit, Sink& sink) {
  {
    const std::scoped_lock lock(guard_);
    asked_.push_back(url);
  }
  const auto found = files.find(url);
  if (found == files.end()) return false;
  if (found->second.size() > limit) fail(Fault::integrity, "`{}` is too large", url);
  sink.write(as_bytes(found->second));
  return true;
}

std::vector<std::string> DebRepository::asked() const {
  const std::scoped_lock lock(guard_);
  return asked_;
}

void DebRepository::forget() {
  const std::scoped_lock lock(guard_);
  asked_.clear();
}

}  // namespace mlpack::test
