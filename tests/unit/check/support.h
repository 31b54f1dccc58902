#pragma once

#include "lib/check/check.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mlpack::test {

inline ElfFacts library(std::string soname, std::vector<std::string> needed = {}) {
  ElfFacts elf;
  elf.machine = 62;
  elf.soname = std::move(soname);
  elf.needed = std::move(needed);
  return elf;
}

inline ElfFacts program(std::vector<std::string> needed = {}) {
  ElfFacts elf = library("", std::move(needed));
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  return elf;
}

inline ElfGpuCode code_for(unsigned sm, ElfGpuCode::Reach reach = ElfGpuCode::Reach::plain) {
  ElfGpuCode code;
  code.sm = sm;
  code.reach = reach;
  code.count = 1;
  return code;
}

inline ElfGpuCode ptx_for(unsigned sm, unsigned isa_major, unsigned isa_minor) {
  ElfGpuCode code = code_for(sm);
  code.kind = ElfGpuCode::Kind::ptx;
  code.isa_major = isa_major;
  code.isa_minor = isa_minor;
  return code;
}

/// An image that runs: a program, its loader and the C library, for the user 1000.
class TestImage {
 public:
  TestImage() {
    add("lib64/ld-linux-x86-64.so.2", library("ld-linux-x86-64.so.2"));
    ElfFacts libc = library("libc.so.6");
    libc.versions_defined = {"GLIBC_2.2.5", "GLIBC_2.34"};
    add("usr/lib/x86_64-linux-gnu/libc.so.6", libc);
    add("usr/bin/server", program({"libc.so.6"}));
    text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n");
    folder("home/app", 1000);
    config.cmd = {"/usr/bin/server"};
    config.user = "1000";
    config.set_env("PATH", "/usr/bin:/bin");
  }

  FileContent& add_content(const std::string& path) {
    FileFacts file;
    file.path = path;
    file.mode = 0755;
    auto content = std::make_shared<FileContent>();
    file.content = content;
    top.files.push_back(std::move(file));
    return *content;
  }
  void add(const std::string& path, ElfFacts elf) { add_content(path).elf = std::move(elf); }
  void text(const std::string& path, std::string value) {
    add_content(path).text = std::move(value);
  }
  void folder(const std::string& path, std::uint64_t uid) {
    FileFacts file;
    file.path = path;
    file.kind = EntryKind::directory;
    file.mode = 0755;
    file.uid = uid;
    top.files.push_back(std::move(file));
  }
  void link(const std::string& path, std::string target) {
    FileFacts file;
    file.path = path;
    file.kind = EntryKind::symlink;
    file.link = std::move(target);
    top.files.push_back(std::move(file));
  }
  void machine(const std::string& name, const std::string& driver = "") {
    CheckMachine added;
    if (name != "cpu") added.gpu = Catalog::built_in().find_gpu(name).value().gpu;
    if (!driver.empty()) added.driver = Version::parse(driver);
    fleet.push_back(added);
  }

  Findings check() const {
    ImageFiles files;
    for (const LayerFacts& layer : below)
      files.add(layer);
    files.add(top);
    return check_image({Catalog::built_in(), config, files, fleet}, 2);
  }
  /// `error library-missing`, each finding once, in order.
  std::vector<std::string> ids() const {
    std::vector<std::string> texts;
    for (const Finding& finding : check())
      texts.push_back(std::string(level_name(finding.level)) + " " + finding.id);
    return texts;
  }
  /// The only finding.
  Finding only() const {
    const Findings found = check();
    std::string all;
    for (const Finding& finding : found)
      all += finding.id + ": " + finding.what + ": " + finding.why + "\n";
    REQUIRE_MESSAGE(found.size() == 1, all);
    return found.front();
  }

  ImageConfig config;
  std::vector<LayerFacts> below;
  LayerFacts top;
  std::vector<CheckMachine> fleet;
};

using Ids = std::vector<std::string>;

}  // namespace mlpack::test
