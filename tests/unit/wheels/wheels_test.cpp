#include "layers/wheels.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wheel_builder.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace mlpack;
using test::WheelBuilder;

namespace {

const VirtualEnvironment environment{"opt/venv", "/usr/bin/python3.11", "3.11.2", 3, 11};

// A store with wheels in its cache.
struct WheelShelf {
  test::TempDir dir;
  Store store{dir / "store"};

  CachedWheel put(const WheelBuilder& wheel) {
    const std::string bytes = wheel.bytes();
    const Digest digest = Digest::of(bytes);
    write_file(store.cache_path(digest), bytes);
    return {wheel.file(), digest, bytes.size(), {}};
  }

  std::map<std::string, RecipeEntry> install(const CachedWheel& wheel) {
    std::map<std::string, RecipeEntry> entries;
    for (RecipeEntry& entry :
         install_wheel(list_wheels({wheel}, store, 1).at(0), places_of(environment)))
      entries.emplace(entry.path, entry);
    return entries;
  }
};

std::string text_of(const RecipeEntry& entry) {
  return std::get<std::string>(entry.content);
}

const std::string site = "opt/venv/lib/python3.11/site-packages/";

}  // namespace

TEST_CASE("a wheel is spread as the binary distribution format says") {
  WheelShelf shelf;
  WheelBuilder builder("x-1-py3-none-any.whl");
  builder.add("x/__init__.py", "").add("x/tool", "tool", 0100755);
  builder.add("x-1.data/scripts/one", "#!pythonw -s\nprint(1)\n")
      .add("x-1.data/scripts/two",
           "\x7f"
           "ELF");
  builder.add("x-1.data/purelib/p.py", "p").add("x-1.data/platlib/q.so", "q");
  builder.add("x-1.data/headers/x.h", "h").add("x-1.data/data/share/x/d", "d");
  builder.add(
      "x-1.dist-info/entry_points.txt",
      "[console_scripts]\nx-run = x.cli:main.run\n[gui_scripts]\nx-gui=x:gui\n[other]\nz\n");
  const auto entries = shelf.install(shelf.put(builder));
  CHECK(entries.at(site + "x/tool").mode == 0755);
  CHECK(entries.at(site + "x/__init__.py").mode == 0644);
  CHECK(text_of(entries.at("opt/venv/bin/one")) == "#!/opt/venv/bin/python\nprint(1)\n");
  CHECK(entries.at("opt/venv/bin/two").mode == 0755);
  CHECK(std::get<WheelMember>(entries.at("opt/venv/bin/two").content).sha256 == Digest::of("\x7f"
                                                                                           "ELF"));
  CHECK(entries.contains(site + "p.py"));
  CHECK(entries.contains(site + "q.so"));
  CHECK(entries.contains("opt/venv/include/site/python3.11/x/x.h"));
  CHECK(entries.contains("opt/venv/share/x/d"));
  CHECK(text_of(entries.at("opt/venv/bin/x-run")) ==
        "#!/opt/venv/bin/python\n# -*- coding: utf-8 -*-\nimport sys\nfrom x.cli import main\n"
        "if __name__ == \"__main__\":\n"
        "    if sys.argv[0].endswith(\"-script.pyw\"):\n        sys.argv[0] = sys.argv[0][:-11]\n"
        "    elif sys.argv[0].endswith(\".exe\"):\n        sys.argv[0] = sys.argv[0][:-4]\n"
        "    sys.exit(main.run())\n");
  CHECK(entries.contains("opt/venv/bin/x-gui"));
  CHECK(text_of(entries.at(site + "x-1.dist-info/INSTALLER")) == "mlpack\n");
  CHECK(text_of(entries.at(site + "x-1.dist-info/REQUESTED")).empty());
  CHECK_FALSE(entries.contains(site + "x-1.dist-info/direct_url.json"));
  const std::string record = text_of(entries.at(site + "x-1.dist-info/RECORD"));
  CHECK(record.starts_with("../../../bin/one,sha256="));
  CHECK(record.find("x-1.dist-info/RECORD,,\n") != std::string::npos);
  CHECK(record.find("x/tool,sha256=") != std::string::npos);
  CHECK(record.find("REQUESTED,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n") !=
        std::string::npos);
}

TEST_CASE("pip has a script for the image's Python, as every installer writes it") {
  WheelShelf shelf;
  WheelBuilder builder("pip-1-py3-none-any.whl");
  builder.add("pip-1.dist-info/entry_points.txt",
              "[console_scripts]\npip = pip:m\npip3 = pip:m\npip3.10 = pip:m\n");
  const auto entries = shelf.install(shelf.put(builder));
  CHECK(entries.contains("opt/venv/bin/pip"));
  CHECK(entries.contains("opt/venv/bin/pip3"));
  CHECK(entries.contains("opt/venv/bin/pip3.11"));
  CHECK_FALSE(entries.contains("opt/venv/bin/pip3.10"));
}

TEST_CASE("a direct reference is remembered without what is secret") {
  WheelShelf shelf;
  CachedWheel wheel = shelf.put(WheelBuilder("x-1-py3-none-any.whl"));
  wheel.direct_url = "https://h.example/x-1-py3-none-any.whl";
  CHECK(text_of(shelf.install(wheel).at(site + "x-1.dist-info/direct_url.json")) ==
        "{\"archive_info\": {\"hash\": \"sha256=" + wheel.sha256.hex() +
            "\", \"hashes\": {\"sha256\": \"" + wheel.sha256.hex() +
            "\"}}, \"url\": \"https://h.example/x-1-py3-none-any.whl\"}");
}

TEST_CASE("what two parts of a wheel put in one place is refused") {
  WheelShelf shelf;
  const CachedWheel wheel = shelf.put(
      WheelBuilder("x-1-py3-none-any.whl").add("x.py", "a").add("x-1.data/purelib/x.py", "b"));
  CHECK_THROWS_WITH_AS(shelf.install(wheel),
                       "the wheel `x-1-py3-none-any.whl` cannot be installed: it has "
                       "`/opt/venv/lib/python3.11/site-packages/x.py` twice",
                       Error);
}

TEST_CASE("the environment is one of the base's interpreter") {
  const LayerRecipe layer = environment_recipe(environment);
  std::map<std::string, RecipeEntry> entries;
  for (const RecipeEntry& entry : layer.entries)
    CHECK(entries.emplace(entry.path, entry).second);
  CHECK(entries.at("opt/venv/bin/python").link == "/usr/bin/python3.11");
  CHECK(entries.at("opt/venv/bin/python3").link == "python");
  CHECK(entries.at("opt/venv/bin/python3.11").link == "python");
  CHECK(entries.at("opt/venv/lib64").link == "lib");
  CHECK(text_of(entries.at("opt/venv/pyvenv.cfg")) ==
        "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\nexecutable = "
        "/usr/bin/python3.11\n");
  CHECK(entries.at("opt/venv/lib/python3.11/site-packages").kind == EntryKind::directory);
}

TEST_CASE("a listing that was read is read back") {
  WheelShelf shelf;
  const CachedWheel wheel = shelf.put(WheelBuilder("x-1-py3-none-any.whl").add("x.py", "a"));
  const WheelListing listing = list_wheels({wheel}, shelf.store, 1).at(0).listing;
  CHECK(parse_wheel_listing(write_wheel_listing(listing)) == listing);
  WheelListing needing = listing;
  needing.dependencies = {"six>=1", "b[x] ; extra == 'y'"};
  CHECK(parse_wheel_listing(write_wheel_listing(needing)) == needing);
  CHECK_FALSE(parse_wheel_listing("x"));
  fs::remove(shelf.store.cache_path(wheel.sha256));
  CHECK(list_wheels({wheel}, shelf.store, 1).at(0).listing == listing);
}

TEST_CASE("a member is compared with RECORD before its last bytes are given") {
  WheelShelf shelf;
  WheelBuilder builder("x-1-py3-none-any.whl");
  builder.add({.name = "y", .content = "good", .record = test::record_of("y", "evil")});
  const CachedWheel wheel = shelf.put(builder.add("z", "fine"));
  const auto open = wheel_member_opener(shelf.store);
  StringSink sink(100);
  const auto fine = open({wheel.sha256, "z", Digest::of("fine")});
  copy(*fine, sink);
  CHECK(sink.text == "fine");
  const auto lie = open({wheel.sha256, "y", Digest::of("evil")});
  CHECK_THROWS_WITH_AS(copy(*lie, sink), "`y` of a wheel is not what its RECORD says", Error);
  CHECK_THROWS_AS(open({wheel.sha256, "none", Digest::of("")}), Error);
}
