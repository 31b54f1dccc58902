#include "lib/python/index_settings.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace mlpack;

namespace {

using Texts = std::vector<std::string>;

VariableOf variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace

TEST_CASE("pip.conf names indexes and folders of wheels") {
  const IndexSettings settings = parse_pip_conf(
      "; a comment\n[global]\nindex-url = https://i.example/simple\nextra-index-url = "
      "https://a.example/s\n"
      "    https://b.example/s\n[list]\nindex-url = https://no.example\n[install]\nfind_links: "
      "/w\nno-index = false\n");
  CHECK(settings.index_url == "https://i.example/simple");
  CHECK(settings.extra_index_urls == Texts{"https://a.example/s", "https://b.example/s"});
  CHECK(settings.find_links == Texts{"/w"});
  CHECK(settings.index == IndexSettings::Index::used);
}

TEST_CASE("uv.toml names indexes in its two ways") {
  const IndexSettings settings = parse_uv_toml(
      "find-links = ['/w']\n[[index]]\nname = 'x'\nurl = 'https://x.example/s'\n[[index]]\nurl = "
      "'https://d.example/s'\n"
      "default = true\n[[index]]\nname = 't'\nurl = 'https://t.example'\nexplicit = "
      "true\n[pip]\nno-index = true\n",
      "uv.toml");
  CHECK(settings.index_url == "https://d.example/s");
  CHECK(settings.extra_index_urls == Texts{"https://x.example/s"});
  CHECK(settings.find_links == Texts{"/w"});
  CHECK(settings.index == IndexSettings::Index::none);
  CHECK_THROWS_AS(parse_uv_toml("x =", "uv.toml"), Error);
}

TEST_CASE("variables come before files, uv's before pip's") {
  const test::TempDir dir;
  write_file(dir.path() / ".config/pip/pip.conf",
             "[global]\nindex-url = https://file.example/s\nfind-links = /f\n");
  CHECK(host_index_settings(variables({{"PIP_CONFIG_FILE", ""}}), dir.path()).index_url ==
        "https://file.example/s");
  const IndexSettings settings = host_index_settings(
      variables({{"UV_INDEX", "name=https://n.example/s?a=b https://m.example/s"},
                 {"PIP_INDEX_URL", "https://pip.example/s"},
                 {"UV_DEFAULT_INDEX", "main=https://uv.example/s"},
                 {"PIP_FIND_LINKS", "/one /two"}}),
      dir.path());
  CHECK(settings.index_url == "https://uv.example/s");
  CHECK(settings.extra_index_urls == Texts{"https://n.example/s?a=b", "https://m.example/s"});
  CHECK(settings.find_links == Texts{"/one", "/two", "/f"});
}
