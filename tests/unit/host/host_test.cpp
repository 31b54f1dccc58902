#include "lib/host/host.h"

#include "lib/host/capture.h"
#include "lib/host/gather.h"
#include "lib/host/measured.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("links of a tree are followed inside of it") {
  TempDir dir;
  write_file(dir / "tree/run/cdi/x", "inside\n");
  write_file(dir / "secret", "outside\n");
  fs::create_directory_symlink("/run", dir / "tree/var");
  fs::create_symlink("../../../../../../secret", dir / "tree/up");
  fs::create_symlink("loop", dir / "tree/loop");
  fs::create_symlink("../a/driver/nvidia", dir / "tree/driver");
  const Host host(dir / "tree");
  CHECK(host.line("/var/cdi/x") == "inside");
  CHECK(host.names("/var/cdi") == std::vector<std::string>{"x"});
  CHECK_FALSE(host.exists("/up"));
  CHECK_FALSE(host.exists("/loop"));
  CHECK_FALSE(host.exists("/../../secret"));
  CHECK(host.link_name("/driver") == "nvidia");
  CHECK(host.link_name("/run").empty());
}

TEST_CASE("what is no regular file, or too large, is not read") {
  TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  write_file(dir / "large", "0123456789");
  const Host host(dir.path());
  CHECK_FALSE(host.text("/pipe"));
  CHECK_FALSE(host.text("/large", 9));
  CHECK(host.text("/large", 10) == "0123456789");
  CHECK_FALSE(host.text("/none"));
}

TEST_CASE("a list of modules with none of NVIDIA's is told from one that cannot be read") {
  TempDir dir;
  write_file(dir / "bare/etc/hostname", "h\n");
  write_file(dir / "listed/proc/modules", "ext4 1 0 - Live 0x0\n");
  CHECK_FALSE(gather_driver(Host(dir / "bare")).has_module_list);
  CHECK(gather_driver(Host(dir / "listed")).has_module_list);
  HostFacts facts;
  capture_host(facts, dir / "unknown");
  CHECK_FALSE(gather_driver(Host(dir / "unknown")).has_module_list);
  facts.driver.has_module_list = true;
  capture_host(facts, dir / "none");
  CHECK(gather_driver(Host(dir / "none")).has_module_list);
}

TEST_CASE("Xid errors are kept without the names of processes") {
  CHECK(
      xids_in("4,1,2,-;NVRM: Xid (PCI:0000:18:00): 79, pid='<unknown>', name=secret\n"
              "NVRM: Xid (PCI:0000:18:00)\nNVRM: Xid (x): y\n"
              "kernel: NVRM: Xid (PCI:0000:2a:00): 13") ==
      std::vector<std::string>{"NVRM: Xid (PCI:0000:18:00): 79", "NVRM: Xid (PCI:0000:2a:00): 13"});
}

TEST_CASE("what was measured is written and read back") {
  Measured measured;
  measured.machine = "x86_64";
  measured.user = 1000;
  measured.devices = {{"/dev/nvidia0", 195, DeviceNode::Access::denied},
                      {"/dev/dxg", {}, DeviceNode::Access::unknown}};
  measured.shared_memory = 42;
  measured.disks = {{"/var/lib/docker", 7}};
  measured.kernel_log = Measured::Log::denied;
  measured.xids = {"NVRM: Xid (PCI:0000:18:00): 79"};
  const std::string text = write_measured(measured);
  CHECK(write_measured(parse_measured(text)) == text);
}
