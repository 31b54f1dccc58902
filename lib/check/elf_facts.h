#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlpack {

/// GPU code of one kind and target in an ELF file; `count` entries of it.
struct ElfGpuCode {
  enum class Kind { binary, ptx, lto };
  enum class Linkage {
    launchable,
    relocatable  // to be linked before it can be launched
  };
  enum class Reach {
    plain,
    family,  // `sm_100f`
    exact    // `sm_90a`
  };
  /// A binary so small that it holds no kernel: what a linker leaves for every target asked for.
  enum class Content { code, stub };

  Kind kind = Kind::binary;
  Linkage linkage = Linkage::launchable;
  Content content = Content::code;
  unsigned sm = 0;  // 90 stands for 9.0
  Reach reach = Reach::plain;
  unsigned isa_major = 0;  // of PTX, the version of its language
  unsigned isa_minor = 0;
  std::uint64_t count = 0;
  bool operator==(const ElfGpuCode&) const = default;
};

/// A version of symbols that an ELF file wants of a library: `GLIBC_2.34` of `libc.so.6`.
struct ElfNeededVersion {
  std::string library;
  std::string version;
  bool operator==(const ElfNeededVersion&) const = default;
};

/// What a dynamic loader and a GPU driver see of a program or shared library. Texts are bytes as
/// they are in the file.
struct ElfFacts {
  enum class Kind { program, library };  // ET_EXEC; ET_DYN, position-independent programs too
  enum class Order { little, big };

  Kind kind = Kind::library;
  unsigned machine = 0;  // e_machine
  unsigned bits = 64;
  Order order = Order::little;
  std::string soname;
  std::string interpreter;
  std::string rpath;
  std::string runpath;
  std::vector<std::string> needed;                // in the loader's order
  std::vector<ElfNeededVersion> versions_needed;  // without weak ones
  std::vector<std::string> versions_defined;      // without the name of the library itself
  unsigned x86_level = 0;                         // 2 for x86-64-v2 …; 0: the file does not say
  std::vector<ElfGpuCode> gpu_code;               // sorted, each kind and target once
  std::string compat_note;                        // JSON of a forward-compatibility libcuda
  bool is_cut = false;                            // the file ends before what is to be loaded of it
  /// Of glibc's loader: the folders that it knows itself, such as `/usr/lib64`.
  std::vector<std::string> system_folders;
  bool operator==(const ElfFacts&) const = default;
};

}  // namespace mlpack
