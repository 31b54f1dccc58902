#include "layers/deb_index.h"
#include "layers/deb_listing.h"
#include "layers/deb_release.h"
#include "layers/deb_shell.h"
#include "layers/deb_stanza.h"
#include "layers/deb_version.h"
#include "lib/check/loader_cache.h"
#include "lib/lock/lock.h"
#include "lib/python/index_settings.h"
#include "lib/python/lock_contents.h"
#include "lib/python/marker.h"
#include "lib/python/pylock.h"
#include "lib/python/requirement.h"
#include "lib/python/tags.h"
#include "lib/spec/spec.h"
#include "registry/python_index.h"
#include "registry/remote_hub_listing.h"
#include "registry/remote_xml.h"
#include "registry/url.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/lock/sample.h"

#include <array>

namespace mlpack::fuzz {
namespace {

void read_spec(std::string_view bytes) {
  parse_spec(bytes, "mlpack.yaml");
}

std::vector<std::string> spec_seeds() {
  return {
      "schema: 1\nname: a\nvariables: {v: x}\nfleet: [{gpu: L4, driver: \"535.183.01\"}, "
      "\"H100:2\", cpu]\n"
      "weights:\n  - &w {source: 'hf://a/b@${v}', include: [\"*.json\"]}\nruntime: {name: vllm, "
      "args: {a: [1, true]}}\n"
      "env: {PATH: \"${PATH}:/x\"}\nport: {http: 80}\nhealth: /h\nlayers: {max_size: 5GiB}\nx-a: "
      "*w\n",
      "schema: 1\nname: a\nbase: {debian: bookworm}\nfiles: [{source: a/, target: /a, mode: "
      "\"0644\"}]\nrun: |\n  a\n"};
}

void read_lock(std::string_view bytes) {
  const std::string written = write_lock(parse_lock(bytes, "mlpack.lock"));
  require(write_lock(parse_lock(written, "mlpack.lock")) == written, "a lock reads back");
}

std::vector<std::string> lock_seeds() {
  return {write_lock(test::sample_lock())};
}

void read_marker(std::string_view bytes) {
  evaluate_marker(bytes, linux_markers("3.11.2", "x86_64"));
  parse_requirement(bytes);
  const auto wheel = parse_wheel_name(bytes);
  if (wheel) SupportedTags({3, 11, "x86_64", {}}).rank(wheel->tags);
}

std::vector<std::string> marker_seeds() {
  return {
      "torch[opt] >=2.0,!=2.1.*; (python_version < \"3.13\" and extra == 'x') or 'linux' in "
      "sys_platform",
      "a @ https://files.example.com/a-1.0-py3-none-any.whl ; os_name == 'posix'",
      "torch-2.9.0+cu126-1_a-cp311.cp312-abi3-manylinux_2_28_x86_64.whl"};
}

void read_pylock(std::string_view bytes) {
  const Pylock lock = parse_pylock(bytes, "pylock.toml");
  select_pylock(lock, {}, {"3.11.2", {3, 11, "x86_64", {}}, linux_markers("3.11.2", "x86_64")});
}

void read_uv_lock(std::string_view bytes) {
  const std::vector<MarkerEnvironment> images{linux_markers("3.11.2", "x86_64")};
  locked_versions(lock_contents(bytes, "uv.lock", images), std::vector<std::size_t>{0});
}

std::vector<std::string> uv_lock_seeds() {
  return {
      "version = 1\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { virtual = \".\" }\n"
      "dependencies = [{ name = \"b\", version = \"2+cu1\", extra = [\"x\"], marker = "
      "\"sys_platform == 'linux'\" }]\n"
      "[[package]]\nname = \"b\"\nversion = \"2+cu1\"\nsource = { registry = "
      "\"https://pypi.org/simple\" }\nwheels = [{ url = "
      "\"https://files.example.com/b-2%2Bcu1-cp311-cp311-linux_x86_64.whl\" }]\n"
      "[package.optional-dependencies]\nx = [{ name = \"a\" }]\n"};
}

std::vector<std::string> pylock_seeds() {
  return {
      "lock-version = \"1.0\"\nrequires-python = \">=3.10\"\nenvironments = [\"sys_platform == "
      "'linux'\"]\n"
      "created-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nmarker = "
      "\"python_version > '3'\"\n"
      "[[packages.wheels]]\nname = \"a-1.0-py3-none-any.whl\"\nurl = "
      "\"https://files.example.com/a-1.0-py3-none-any.whl\"\n"
      "size = 3\nhashes = {sha256 = \"" +
      Digest::of("").hex() + "\"}\n"};
}

void read_settings(std::string_view bytes) {
  parse_pip_conf(bytes);
  parse_uv_toml(bytes, "uv.toml");
}

std::vector<std::string> settings_seeds() {
  return {
      "[global]\nindex-url = https://a:b@index.example.com/simple\nextra-index-url =\n  "
      "https://x\n  https://y\n",
      "index-url = \"https://x\"\n[[index]]\nname = \"a\"\nurl = \"https://y\"\ndefault = true\n"};
}

void read_index_page(std::string_view bytes) {
  const Url page = *Url::parse("https://index.example.com/simple/a/");
  parse_index_html(bytes, page);
  parse_index_json(bytes, page, "the index");
}

std::vector<std::string> index_page_seeds() {
  return {
      "<!doctype html><a href=\"../../f/a-1-py3-none-any.whl#sha256=" + Digest::of("").hex() +
          "\" data-yanked=\"&lt;x\">a</a>",
      R"({"meta":{"api-version":"1.0"},"files":[{"filename":"a-1-py3-none-any.whl","url":"../a","hashes":{"sha256":")" +
          Digest::of("").hex() + R"("},"size":3,"yanked":"why"}]})"};
}

void read_xml(std::string_view bytes) {
  parse_xml(bytes, 1000);
}

std::vector<std::string> xml_seeds() {
  return {"<a b=\"c\"><d>e&amp;&#65;</d><f/></a>"};
}

void read_hub_page(std::string_view bytes) {
  std::vector<RemoteFile> files;
  add_hub_page(std::string(bytes), {}, "the hub", files);
}

std::vector<std::string> hub_page_seeds() {
  return {
      R"([{"type":"file","path":"a/b.json","size":3,"oid":"0123456789012345678901234567890123456789"},
    {"type":"file","path":"m.safetensors","size":9,"oid":"0123456789012345678901234567890123456789","lfs":{"oid":")" +
      Digest::of("").hex() + R"(","size":9}},{"type":"directory","path":"a"}])"};
}

void read_stanza(std::string_view bytes) {
  for (const std::string& paragraph : deb_paragraphs(bytes)) {
    dependencies(deb_field(paragraph, "Depends"));
    compare_deb_versions(deb_field(paragraph, "Version"), "1:2.0-3~rc1");
  }
  parse_listing(bytes);
  parse_release(bytes, "the mirror");
}

std::vector<std::string> stanza_seeds() {
  return {
      "Package: a\nVersion: 1:2.0-3+b1\nDepends: b (>= 1), c | d:any [amd64] <!x>\nDescription: "
      "x\n y\n\nPackage: b\n",
      "Suite: stable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: "
      "yes\nSHA256:\n " +
          Digest::of("").hex() + " 3 main/binary-amd64/Packages.xz\n"};
}

void read_script(std::string_view bytes) {
  read_shell(bytes, "update-alternatives", {{"configure"}, {}, {}});
}

std::vector<std::string> script_seeds() {
  return {
      "#!/bin/sh\nset -e\nf() { for x in a b; do update-alternatives --install \"/u/$x\" $1 `echo "
      "c` 5; done; }\n"
      "if [ \"$1\" = configure ] && [ -e /a ]; then f '/b'; fi\ncase $1 in a|b) ;; *) "
      "update-alternatives --auto x;; esac\n"};
}

void read_loader_cache(std::string_view bytes) {
  for (const auto& [name, paths] : parse_loader_cache(bytes))
    require(!name.empty() && !paths.empty(), "a name has a place");
}

std::vector<std::string> loader_cache_seeds() {
  std::string bytes = "glibc-ld.so.cache1.1\1";
  bytes.resize(48);
  bytes += std::string("\3\3\0\0\110\0\0\0\112\0\0\0", 12) + std::string(12, '\0');
  return {bytes + std::string("a\0/a", 5)};
}

constexpr std::array text_readers{Target{"loader-cache", read_loader_cache, loader_cache_seeds},
                                  Target{"spec", read_spec, spec_seeds},
                                  Target{"lock", read_lock, lock_seeds},
                                  Target{"marker", read_marker, marker_seeds},
                                  Target{"pylock", read_pylock, pylock_seeds},
                                  Target{"uv-lock", read_uv_lock, uv_lock_seeds},
                                  Target{"settings", read_settings, settings_seeds},
                                  Target{"index-page", read_index_page, index_page_seeds},
                                  Target{"xml", read_xml, xml_seeds},
                                  Target{"hub-page", read_hub_page, hub_page_seeds},
                                  Target{"stanza", read_stanza, stanza_seeds},
                                  Target{"script", read_script, script_seeds}};

}  // namespace

std::span<const Target> text_targets() {
  return text_readers;
}

}  // namespace mlpack::fuzz
