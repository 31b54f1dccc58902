#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("an image without a command, or with one that is not there, does not start") {
  TestImage image;
  image.config.cmd = {};
  CHECK(image.only().id == "no-command");
  image.config.cmd = {"python3", "-m", "app"};
  const Finding found = image.only();
  CHECK(found.id == "entrypoint-missing");
  CHECK(found.what == "`python3` is not in the image");
}

TEST_CASE("a program without execute bits does not start") {
  TestImage image;
  image.top.files.back().mode = 0755;
  for (FileFacts& file : image.top.files)
    if (file.path == "usr/bin/server") file.mode = 0644;
  const Finding found = image.only();
  CHECK(found.id == "entrypoint-not-executable");
  CHECK(found.why == "its mode is 0644; a container of it ends with permission denied");
}

TEST_CASE("a script needs its interpreter, and a program its loader") {
  TestImage image;
  image.text("app/run", "#!/usr/bin/env -S python3 -u");
  image.add("usr/bin/env", program());
  image.config.cmd = {"/app/run"};
  CHECK(image.only().what == "`python3`, which is to run `/app/run`, is not in the image");
  image.add("usr/bin/python3", program({"libc.so.6"}));
  CHECK(image.ids() == Ids{});
  ElfFacts foreign = program();
  foreign.interpreter = "/lib/ld-musl-x86_64.so.1";
  image.add("usr/bin/python3", foreign);
  CHECK(image.only().id == "interpreter-missing");
}

TEST_CASE("the first line of a script ends where the kernel ends it") {
  TestImage image;
  image.text("app/run", "#!/usr/bin/server\r\n");
  image.config.cmd = {"/app/run"};
  CHECK(image.only().what ==
        "`/usr/bin/server\\x0d`, which is to run `/app/run`, is not in the image");
  image.text("app/run", "#!\t/usr/bin/server\t-u\n");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("what is neither ELF nor a script does not start") {
  TestImage image;
  image.text("app/run", "#!/usr/bin/server");
  image.top.files.back().size = 4;
  image.top.files.back().content = nullptr;
  image.config.cmd = {"/app/run"};
  const Finding found = image.only();
  CHECK(found.id == "entrypoint-not-a-program");
  CHECK(found.what == "`/app/run` is neither a program in ELF nor a script with `#!`");
  CHECK(found.why ==
        "the kernel does not run it, and no shell does in its place: exec format error");
  image.top.files.back().size = 0;
  CHECK(image.only().what == "`/app/run` is empty");
  image.text("app/run", "#! ");
  CHECK(image.ids() == Ids{"error entrypoint-not-a-program"});
}

TEST_CASE("what runs a script is a program or a script itself, but for what env starts") {
  TestImage image;
  image.text("app/run", "#!/app/interpreter");
  image.text("app/interpreter", "key = value");
  image.config.cmd = {"/app/run"};
  CHECK(image.only().what == "`/app/interpreter` is empty");
  image.text("app/interpreter", "#!/usr/bin/server");
  CHECK(image.ids() == Ids{});
  image.add("usr/bin/env", program());
  image.text("usr/bin/tool", "echo up");
  image.text("app/run", "#!/usr/bin/env tool");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("who may not execute or reach a program does not start it") {
  TestImage image;
  FileFacts* server = nullptr;
  for (FileFacts& file : image.top.files)
    if (file.path == "usr/bin/server") server = &file;
  server->mode = 0700;
  CHECK(image.only().what == "`/usr/bin/server` may not be executed by the user 1000");
  CHECK(image.only().why ==
        "its mode is 0700, its owner 0:0, and that of the folders above it counts as well; a "
        "container of it ends with permission denied");
  server->uid = 1000;
  CHECK(image.ids() == Ids{});
  server->mode = 0677;
  CHECK(image.only().id == "entrypoint-not-executable");
  server->uid = 0;
  server->gid = 7;
  server->mode = 0710;
  CHECK(image.only().id == "entrypoint-not-executable");
  image.text("etc/group", "root:x:0:\nteam:x:7:root,app\n");
  CHECK(image.ids() == Ids{});
  image.config.user = "1000:7";
  CHECK(image.ids() == Ids{});
  image.config.user = "1000:8";
  CHECK(image.only().id == "entrypoint-not-executable");
  image.config.user = "";
  CHECK(image.ids() == Ids{"info user-root"});
  image.config.user = "1000:team";
  FileFacts folder;
  folder.path = "usr";
  folder.kind = EntryKind::directory;
  folder.mode = 0700;
  image.top.files.insert(image.top.files.begin(), folder);
  CHECK(image.ids().front() == "error entrypoint-not-executable");
}

TEST_CASE("a script, its interpreter and the dynamic loader are the user's to read and execute") {
  TestImage image;
  image.text("app/run", "#!/usr/bin/server");
  image.config.cmd = {"/app/run"};
  image.top.files.back().mode = 0711;
  CHECK(image.only().what == "`/app/run` may not be executed by the user 1000");
  image.top.files.back().mode = 0755;
  CHECK(image.ids() == Ids{});
  image.add("usr/bin/server", program({"libc.so.6"}));
  image.top.files.back().mode = 0700;
  CHECK(image.only().what == "`/usr/bin/server` may not be executed by the user 1000");
  image.top.files.back().mode = 0755;
  image.add("lib64/ld-linux-x86-64.so.2", library("ld-linux-x86-64.so.2"));
  image.top.files.back().mode = 0644;
  CHECK(image.only().what == "`/lib64/ld-linux-x86-64.so.2` may not be executed");
}

TEST_CASE("the kernel looks for interpreters in no PATH, and gives them one argument") {
  TestImage image;
  image.config.cmd = {"/app/run"};
  image.add("usr/bin/env", program());
  const auto missing = [&](std::string_view line) {
    image.text("app/run", std::string(line));
    const Findings found = image.check();
    return found.empty() ? std::string() : found.front().id + " " + found.front().what;
  };
  const auto told = [](const std::string& name) {
    return "interpreter-missing `" + name + "`, which is to run `/app/run`, is not in the image";
  };
  CHECK(missing("#!server") == told("server"));
  image.config.working_dir = "/usr/bin";
  CHECK(missing("#!server").empty());
  CHECK(missing("#!/usr/bin/env server").empty());
  CHECK(missing("#!/usr/bin/env server -u") == told("server -u"));
  CHECK(missing("#!/usr/bin/env -S server -u").empty());
  CHECK(missing("#!/usr/bin/env -S A=b nothing -u") == told("nothing"));
  CHECK(missing("#!/usr/bin/env --split-string=server -u").empty());
  CHECK(missing("#!/usr/bin/server/") == told("/usr/bin/server/"));
  using namespace std::string_view_literals;
  CHECK(missing("#!/usr/bin/server\0 and more"sv).empty());
  const std::string dots = "/usr/bin/" + std::string(240, '/');
  CHECK(missing("#!" + dots + "server").starts_with("entrypoint-not-a-program"));
  CHECK(missing("#!/usr/bin/server " + std::string(300, 'x')).empty());
}

TEST_CASE("a group needs a line, an id its range, and the working folder is no file") {
  TestImage image;
  image.config.user = "1000:team";
  CHECK(image.only().what == "the group `team` has no line in /etc/group");
  image.text("etc/group", "team:x:7:\n");
  CHECK(image.ids() == Ids{});
  image.config.user = "4294967295";
  CHECK(image.only().what == "the user `4294967295` has no line in /etc/passwd");
  image.config.user = "1000";
  image.config.working_dir = "/not/there";
  CHECK(image.ids() == Ids{});
  image.config.working_dir = "/etc/group";
  CHECK(image.only().id == "workdir-wrong");
}

TEST_CASE("parts of PATH are seen from the working folder, and empty ones are none") {
  TestImage image;
  image.config.cmd = {"server"};
  image.config.working_dir = "/usr";
  image.config.set_env("PATH", "bin");
  CHECK(image.ids() == Ids{});
  image.add("program", program({"libc.so.6"}));
  image.config.cmd = {"program"};
  image.config.set_env("PATH", "/usr/bin:");
  CHECK(image.ids().front() == "error entrypoint-missing");
}

TEST_CASE("a program for another processor does not start") {
  TestImage image;
  ElfFacts foreign = program();
  foreign.machine = 183;
  image.config.platform.architecture = "amd64";
  image.add("usr/bin/server", foreign);
  const Finding found = image.only();
  CHECK(found.id == "entrypoint-foreign");
  CHECK(found.what == "`/usr/bin/server` was made for another processor than amd64");
}

TEST_CASE("a user needs a line and a home to write to") {
  TestImage image;
  image.config.user = "1000";
  CHECK(image.ids() == Ids{});
  image.config.user = "app:app";
  CHECK(image.only().what == "the group `app` has no line in /etc/group");
  image.text("etc/group", "app:x:1000:\n");
  CHECK(image.ids() == Ids{});
  image.config.user = "nobody-knows";
  CHECK(image.ids() == Ids{"error user-unknown"});
  image.config.user = "1234";
  CHECK(image.ids() == Ids{"warning user-without-passwd", "warning home-not-writable"});
  image.folder("tmp", 1234);
  image.config.set_env("HOME", "/tmp");
  CHECK(image.ids() == Ids{"warning user-without-passwd"});
}

TEST_CASE("lists of paths have no empty parts, and CUDA_HOME is one folder") {
  TestImage image;
  image.config.set_env("LD_LIBRARY_PATH", ":/usr/lib");
  CHECK(image.only().what == "`LD_LIBRARY_PATH` has an empty part: `:/usr/lib`");
  image.config.set_env("LD_LIBRARY_PATH", "/usr/lib");
  image.config.set_env("CUDA_HOME", ":/usr/local/cuda");
  CHECK(image.only().what == "`CUDA_HOME` is `:/usr/local/cuda`, which is no folder of the image");
  image.config.set_env("CUDA_HOME", "/usr/lib");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a shell that keeps the signal to end from the server is told of") {
  TestImage image;
  image.add("bin/sh", program({"libc.so.6"}));
  image.config.cmd = {"/bin/sh", "-c", "server --port 8000"};
  CHECK(image.ids() == Ids{"info shell-is-first"});
  image.config.cmd = {"/bin/sh", "-c", "exec server"};
  CHECK(image.ids() == Ids{});
}

TEST_CASE("folders of caches are the user's, or can be made by the user") {
  TestImage image;
  image.config.user = "1000";
  image.config.set_env("TRITON_CACHE_DIR", "/home/app/.cache/triton");
  CHECK(image.ids() == Ids{});
  image.config.set_env("TRITON_CACHE_DIR", "/var/cache/triton");
  CHECK(image.only().what ==
        "`TRITON_CACHE_DIR` is `/var/cache/triton`, where the user 1000 may not write");
  image.config.user = "0";
  CHECK(image.ids() == Ids{"info user-root"});
}

TEST_CASE("programs of other processors are told of on every processor") {
  const auto is_foreign = [](const std::string& architecture,
                             unsigned machine,
                             ElfFacts::Order order = ElfFacts::Order::little) {
    TestImage image;
    image.config.platform.architecture = architecture;
    ElfFacts started;
    started.machine = machine;
    started.order = order;
    image.add("usr/bin/server", started);
    return image.ids() == Ids{"error entrypoint-foreign"};
  };
  for (const char* const other : {"s390x", "riscv64", "ppc64le", "386", "arm", "arm64", "loong64"})
    CHECK_MESSAGE(is_foreign(other, 62), other);
  CHECK_FALSE(is_foreign("amd64", 3));
  CHECK_FALSE(is_foreign("riscv64", 243));
  CHECK_FALSE(is_foreign("s390x", 22, ElfFacts::Order::big));
  CHECK_FALSE(is_foreign("ppc64le", 21));
  CHECK(is_foreign("ppc64le", 21, ElfFacts::Order::big));
  CHECK_FALSE(is_foreign("sparc64", 62));
}

TEST_CASE("scripts that lead to scripts are followed as far as the kernel does") {
  TestImage image;
  image.config.cmd = {"/r0"};
  for (int count : {5, 6}) {
    for (int i = 0; i < count; ++i) {
      const bool is_last = i + 1 == count;
      image.text("r" + std::to_string(i),
                 is_last ? "#!/usr/bin/server" : "#!/r" + std::to_string(i + 1));
    }
    CHECK(image.ids() == (count == 5 ? Ids{} : Ids{"error interpreter-chain"}));
  }
  image.text("r0", "#!/r0");
  CHECK(image.only().id == "interpreter-chain");
}
