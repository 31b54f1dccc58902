#include "lib/check/loader_cache.h"

#include "support.h"
#include <utility>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// What ldconfig writes (glibc 2.36).
std::string cache_of(const std::vector<std::pair<std::string, std::string>>& libraries) {
  std::string bytes = "glibc-ld.so.cache1.1";
  const auto number = [&](std::size_t value) {
    for (int i = 0; i < 4; ++i, value /= 256)
      bytes += static_cast<char>(value % 256);
  };
  const std::size_t texts = 48 + 24 * libraries.size();
  number(libraries.size());
  bytes.resize(48);
  std::string strings;
  for (const auto& [name, path] : libraries) {
    number(0x303);
    number(texts + strings.size());
    number(texts + strings.size() + name.size() + 1);
    bytes.append(12, '\0');
    strings += name + '\0' + path + '\0';
  }
  return bytes + strings;
}

}  // namespace

TEST_CASE("an image whose program has all its libraries has no finding") {
  CHECK(TestImage().ids() == Ids{});
}

TEST_CASE("a library that the program lacks keeps it from starting") {
  TestImage image;
  image.add("usr/bin/server", program({"libc.so.6", "libgomp.so.1"}));
  const Finding found = image.only();
  CHECK(found.id == "library-missing");
  CHECK(found.level == Finding::Level::error);
  CHECK(found.what == "`libgomp.so.1` is not in the image, or not where the loader looks");
  CHECK(found.why == "`/usr/bin/server` cannot be loaded without it");
}

TEST_CASE("a library of a library is needed too, and one name is told of once") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so", "libb.so"}));
  image.add("usr/lib/liba.so", library("liba.so", {"libz.so.1"}));
  image.add("usr/lib/libb.so", library("libb.so", {"libz.so.1"}));
  CHECK(image.only().why == "`/usr/lib/liba.so`, `/usr/lib/libb.so` cannot be loaded without it");
}

TEST_CASE("libraries are found by runpath, LD_LIBRARY_PATH, the configuration and links") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so", "libb.so", "libc1.so", "libd.so"}));
  ElfFacts with_path = program({"liba.so", "libb.so", "libc1.so", "libd.so"});
  with_path.runpath = "$ORIGIN/../local/a";
  image.add("usr/bin/server", with_path);
  image.add("usr/local/a/liba.so", library("liba.so"));
  image.add("opt/b/libb.so", library("libb.so"));
  image.add("opt/c/libc1.so", library("libc1.so"));
  image.add("opt/d/libd.so.4", library("libd.so"));
  image.link("usr/lib/libd.so", "../../opt/d/libd.so.4");
  image.link("lib", "usr/lib");
  image.config.set_env("LD_LIBRARY_PATH", "/opt/b");
  image.text("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
  image.text("etc/ld.so.conf.d/c.conf", "# c\n/opt/c\n");
  image.machine("L4", "550.90.07");
  CHECK(image.ids() == Ids{});
  // The loader does not read the configuration; the container toolkit makes a cache of it.
  image.fleet.clear();
  image.machine("cpu");
  const Finding found = image.only();
  CHECK(found.id == "library-missing");
  CHECK(found.what == "`libc1.so` is in `/opt/c`, of which the loader is not told");
  CHECK(found.why ==
        "`/usr/bin/server` cannot be loaded without it: it does not read ld.so.conf, "
        "and no ldconfig made /etc/ld.so.cache of it");
  CHECK(found.fix ==
        "set LD_LIBRARY_PATH to `/opt/c` in `env`, or put it into a folder that the "
        "loader knows");
  image.text("etc/ld.so.cache", cache_of({{"libz.so.1", "/usr/lib/libz.so.1"}}));
  CHECK(image.only().why ==
        "`/usr/bin/server` cannot be loaded without it: it reads "
        "/etc/ld.so.cache alone, and no ldconfig ran since it is there");
  image.text("etc/ld.so.cache", cache_of({{"libc1.so", "/opt/c/libc1.so"}}));
  CHECK(image.ids() == Ids{});
  image.text("etc/ld.so.cache", "ld.so-1.7.0" + cache_of({{"libc1.so", "/opt/c/libc1.so"}}));
  CHECK(image.ids() == Ids{});
}

TEST_CASE("what the image's own variables say of a GPU stands for one where no machine is named") {
  TestImage image;
  image.add("usr/bin/server", program({"libc1.so"}));
  image.add("opt/c/libc1.so", library("libc1.so"));
  image.text("etc/ld.so.conf", "/opt/c\n");
  CHECK(image.ids() == Ids{"error library-missing"});
  image.config.set_env("NVIDIA_VISIBLE_DEVICES", "all");
  image.config.set_env("NVIDIA_DRIVER_CAPABILITIES", "compute,utility");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a cache that is cut or none has nothing") {
  const std::string whole = cache_of({{"libc1.so", "/opt/c/libc1.so"}});
  for (std::size_t length = 0; length < whole.size() - 16; ++length)
    CHECK(parse_loader_cache(whole.substr(0, length)).count("libc1.so") == 0);
  CHECK(parse_loader_cache(whole).at("libc1.so") == std::vector<std::string>{"/opt/c/libc1.so"});
}

TEST_CASE("the folders that the loader was built for are those where it looks") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("lib64/liba.so", library("liba.so"));
  CHECK(image.ids() == Ids{});  // not known
  ElfFacts loader = library("ld-linux-x86-64.so.2");
  loader.system_folders = {
      "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"};
  image.add("lib64/ld-linux-x86-64.so.2", loader);
  image.add("usr/lib/x86_64-linux-gnu/libc.so.6", library("libc.so.6", {"ld-linux-x86-64.so.2"}));
  CHECK(image.ids() == Ids{"error library-missing"});
  image.add("lib/liba.so", library("liba.so"));
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a library that the user may not read is as good as none") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("usr/lib/liba.so", library("liba.so"));
  CHECK(image.ids() == Ids{});
  image.top.files.back().mode = 0640;
  const Finding found = image.only();
  CHECK(found.id == "library-unreadable");
  CHECK(found.what == "`/usr/lib/liba.so` may not be read by the user 1000");
  image.config.user = "0";
  CHECK(image.ids() == Ids{"info user-root"});
  image.config.user = "1000";
  image.top.files.back().mode = 0644;
  image.folder("usr/lib", 0);
  image.top.files.back().mode = 0700;
  CHECK(image.ids() == Ids{"error library-unreadable"});
}

TEST_CASE("what is no whole library ends the loader where it is found") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("usr/lib/liba.so", library("liba.so"));
  image.config.set_env("LD_LIBRARY_PATH", "/opt/a");
  CHECK(image.ids() == Ids{});
  image.folder("opt/a/liba.so", 0);
  CHECK(image.only().what == "`/opt/a/liba.so` is no library that can be loaded: it is a folder");
  image.text("opt/a/liba.so", "no library");
  image.top.files.back().size = 10;
  CHECK(image.only().what ==
        "`/opt/a/liba.so` is no library that can be loaded: it is no ELF file");
  ElfFacts cut = library("liba.so");
  cut.is_cut = true;
  image.add("opt/a/liba.so", cut);
  image.top.files.back().size = 10;
  CHECK(image.only().what == "`/opt/a/liba.so` is no library that can be loaded: it is cut");
  cut.machine = 183;
  image.add("opt/a/liba.so", cut);
  CHECK(image.ids() == Ids{});
}

TEST_CASE("what the loader puts in place of its names is put there") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("usr/bin/x86_64/liba.so", library("liba.so"));
  image.config.working_dir = "/usr";
  for (const char* value :
       {"$ORIGIN/x86_64", "${ORIGIN}/$PLATFORM", "$ORIGIN", "bin/${PLATFORM}"}) {
    image.config.set_env("LD_LIBRARY_PATH", value);
    CHECK_MESSAGE(image.ids() == Ids{}, value);
  }
  image.config.set_env("LD_LIBRARY_PATH", "");
  ElfFacts started = program({"liba.so"});
  started.runpath = "bin/x86_64";
  image.add("usr/bin/server", started);
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a program that is cut does not run") {
  TestImage image;
  ElfFacts started = program({"libc.so.6"});
  started.is_cut = true;
  image.add("usr/bin/server", started);
  CHECK(image.only().id == "entrypoint-not-a-program");
}

TEST_CASE("LD_LIBRARY_PATH has semicolons, empty parts and parts without a slash, too") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("opt/a/liba.so", library("liba.so"));
  image.config.working_dir = "/opt/a";
  for (const char* value : {"/none;/opt/a", "/none:", ";/none", "../a"}) {
    image.config.set_env("LD_LIBRARY_PATH", value);
    for (const std::string& id : image.ids())
      CHECK_MESSAGE(id != "error library-missing", value);
  }
  image.config.set_env("LD_LIBRARY_PATH", "/none:/opt");
  CHECK(image.only().id == "library-missing");
}

TEST_CASE("libraries that glibc keeps for some processors are found") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  image.add("usr/lib/glibc-hwcaps/x86-64-v3/liba.so", library("liba.so"));
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a runpath is of one library alone, an rpath of those below it too") {
  TestImage image;
  ElfFacts started = program({"liba.so"});
  started.runpath = "/opt/x";
  image.add("usr/bin/server", started);
  image.add("opt/x/liba.so", library("liba.so", {"libb.so"}));
  image.add("opt/x/libb.so", library("libb.so"));
  CHECK(image.ids() == Ids{"error library-missing"});
  started.runpath = "";
  started.rpath = "/opt/x";
  image.add("usr/bin/server", started);
  CHECK(image.ids() == Ids{"warning library-missing"});  // liba.so by itself
}

TEST_CASE("a library for another processor is none") {
  TestImage image;
  image.add("usr/bin/server", program({"liba.so"}));
  ElfFacts other = library("liba.so");
  other.machine = 183;
  image.add("usr/lib/liba.so", other);
  CHECK(image.ids() == Ids{"error library-missing"});
}

TEST_CASE("the driver brings its libraries, but not to machines without a GPU") {
  TestImage image;
  image.add("usr/bin/server", program({"libcuda.so.1", "libnvidia-ml.so.1"}));
  CHECK(image.ids() == Ids{});
  image.machine("cpu");
  CHECK(image.ids() == Ids{"error driver-library-on-cpu", "error driver-library-on-cpu"});
}

TEST_CASE("a program that was made for a newer C library does not start") {
  TestImage image;
  ElfFacts started = program({"libc.so.6"});
  started.versions_needed = {{"libc.so.6", "GLIBC_2.34"}, {"libc.so.6", "GLIBC_2.38"}};
  image.add("usr/bin/server", started);
  const Finding found = image.only();
  CHECK(found.id == "symbol-version");
  CHECK(found.level == Finding::Level::error);
  CHECK(found.what == "`/usr/lib/x86_64-linux-gnu/libc.so.6` has no `GLIBC_2.38`");
  CHECK(found.why == "`/usr/bin/server` was made for a newer `libc.so.6`");
}

TEST_CASE("a module of Python needs its libraries, whoever loaded them before") {
  TestImage image;
  const std::string place = "opt/venv/lib/python3.11/site-packages/";
  image.add(place + "cv2/cv2.cpython-311-x86_64-linux-gnu.so", library("", {"libGL.so.1"}));
  CHECK(image.ids() == Ids{"error library-missing"});
  image.add(place + "other/libs/libGL-1.so", library("libGL.so.1"));
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a library that nobody is known to load is warned about") {
  TestImage image;
  image.add("opt/plugins/libplugin.so", library("", {"libnobody.so"}));
  CHECK(image.ids() == Ids{"warning library-missing"});
}

TEST_CASE("what is made for newer processors is told about, where it is used") {
  TestImage image;
  image.config.platform.architecture = "amd64";
  ElfFacts wide = library("libwide.so.1");
  wide.x86_level = 4;
  image.add("usr/lib/x86_64-linux-gnu/libwide.so.1", wide);
  image.add("usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v4/libother.so.1", wide);
  CHECK(image.ids() == Ids{});
  image.add("usr/bin/server", program({"libc.so.6", "libwide.so.1"}));
  CHECK(image.only().what ==
        "`/usr/lib/x86_64-linux-gnu/libwide.so.1` is for processors of x86-64-v4");
  image.config.platform.variant = "v4";
  CHECK(image.ids() == Ids{});
}

TEST_CASE("modules that packages try and leave alone are warnings where they do not load") {
  const std::string packages = "opt/venv/lib/python3.11/site-packages/";
  TestImage image;
  image.add(packages + "cupy_backends/cuda/libs/cutensor.cpython-311-x86_64-linux-gnu.so",
            library("", {"libcutensor.so.2"}));
  CHECK(image.ids() == Ids{"warning library-missing"});
  image.add(packages + "cupy/_core/core.cpython-311-x86_64-linux-gnu.so",
            library("", {"libcutensor.so.2"}));
  CHECK(image.ids() == Ids{"error library-missing"});
}
