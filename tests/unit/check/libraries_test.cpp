#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

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
  CHECK(image.ids() == Ids{});
  // Without a cache the configuration counts only where the container toolkit makes one.
  image.machine("cpu");
  CHECK(image.only().what == "`libc1.so` is not in the image, or not where the loader looks");
  image.add_content("etc/ld.so.cache");
  CHECK(image.ids() == Ids{});
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
