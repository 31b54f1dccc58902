// usage: mlpack_elf_facts: reads names of files from its input, one a line, and prints for each
// what mlpack's reader of ELF files finds in it, as a line of JSON: `null` where it is none.
#include "layers/elf.h"
#include "lib/error.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <string>

namespace {

using namespace mlpack;
using Json = nlohmann::ordered_json;

std::string name_of(const ElfGpuCode& code) {
  const bool is_ptx = code.kind == ElfGpuCode::Kind::ptx;
  std::string name = is_ptx ? "compute_" : code.kind == ElfGpuCode::Kind::lto ? "lto_" : "sm_";
  name += std::to_string(code.sm);
  if (code.reach == ElfGpuCode::Reach::exact) name += "a";
  if (code.reach == ElfGpuCode::Reach::family) name += "f";
  return name;
}

Json code_json(const std::vector<ElfGpuCode>& codes) {
  Json list = Json::array();
  for (const ElfGpuCode& code : codes) {
    list.push_back({{"name", name_of(code)},
                    {"relocatable", code.linkage == ElfGpuCode::Linkage::relocatable},
                    {"count", code.count}});
  }
  return list;
}

Json facts_json(const ElfFacts& facts) {
  Json needed = Json::array();
  for (const ElfNeededVersion& version : facts.versions_needed)
    needed.push_back({version.library, version.version});
  return {{"machine", facts.machine},
          {"bits", facts.bits},
          {"soname", facts.soname},
          {"interpreter", facts.interpreter},
          {"rpath", facts.rpath},
          {"runpath", facts.runpath},
          {"needed", facts.needed},
          {"versionsNeeded", needed},
          {"versionsDefined", facts.versions_defined},
          {"code", code_json(facts.gpu_code)}};
}

Json read(const std::string& name) {
  const auto facts = read_elf(FileReadAt(name, 0, fs::file_size(name)));
  return facts ? facts_json(*facts) : Json();
}

}  // namespace

int main() {
  for (std::string name; std::getline(std::cin, name);) {
    try {
      std::cout << read(name).dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    } catch (const std::exception& error) {
      std::cerr << name << ": " << error.what() << "\n";
      return 1;
    }
  }
}
