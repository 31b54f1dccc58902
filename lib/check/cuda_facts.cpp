#include "lib/check/cuda_facts.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array major_libraries{"libcudart.so."sv, "libcublas.so."sv, "libnvrtc.so."sv};
constexpr std::uint64_t most_number = 99'999;

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string folder_of_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// `…/site-packages` of what lies in one.
std::string environment_of(std::string_view path) {
  const std::size_t at = path.find("-packages/");
  return at == std::string_view::npos ? std::string() : std::string(path.substr(0, at + 9));
}

std::string_view leading_number(std::string_view text) {
  const std::size_t end = text.find_first_not_of("0123456789");
  return text.substr(0, end);
}

// The first two parts of `12.4.127`; nullopt where there are none.
std::optional<Version> two_parts(std::string_view text) {
  const std::string_view major = leading_number(text);
  if (major.empty() || text.size() <= major.size() || text[major.size()] != '.')
    return std::nullopt;
  const std::string_view minor = leading_number(text.substr(major.size() + 1));
  return minor.empty() ? std::nullopt : Version::parse(fmt::format("{}.{}", major, minor));
}

void take_newest(std::optional<Version>& newest, const std::optional<Version>& other) {
  if (other && (!newest || *other > *newest)) newest = other;
}

class CudaSearch {
 public:
  CudaSearch(const Catalog& catalog, const ImageFiles& files, const ImageConfig& config)
      : catalog_(catalog), files_(files), config_(config) {}

  CudaFacts run() {
    for (const auto& [path, file] : files_.all()) {
      look_at(path, file);
    }
    if (!facts_.cuda.empty()) {
      take_newest(exact_, two_parts(config_.env_value("CUDA_VERSION").value_or("")));
      std::optional<Version> newest = exact_;
      for (const MajorLibrary& library : facts_.cuda) {
        const auto rough = Version::parse(fmt::format("{}.0", library.major));
        if (!newest || library.major > newest->part(0)) take_newest(newest, rough);
      }
      facts_.version = newest;
    }
    return std::move(facts_);
  }

 private:
  void look_at(const std::string& path, const FileFacts& file) {
    const std::string_view name = name_of(path);
    const bool is_elf = file.content && file.content->elf;
    if (name.starts_with("libcuda.so")) look_at_driver(path, file, is_elf);
    if (is_elf && path.find("/stubs/") == std::string::npos) {
      for (const std::string_view prefix : major_libraries)
        if (name.starts_with(prefix)) add_major(facts_.cuda, path, name.substr(prefix.size()));
      look_at_library(path, name);
      constexpr std::string_view runtime = "libcudart.so.";
      // CUDA 11's is `libcudart.so.11.0`, whatever its minor is.
      const std::string_view version = name.starts_with(runtime) ? name.substr(runtime.size()) : "";
      if (std::count(version.begin(), version.end(), '.') >= 2) {
        take_newest(exact_, two_parts(version));
      }
    }
    look_at_wheel(path);
  }

  // Libraries that are called after their own major; cuDNN's file says the release as well.
  void look_at_library(const std::string& path, std::string_view name) {
    constexpr std::string_view cudnn = "libcudnn.so.";
    constexpr std::string_view nccl = "libnccl.so.";
    constexpr std::string_view tensorrt = "libnvinfer.so.";
    if (name.starts_with(cudnn)) {
      add_major(facts_.cudnn, path, name.substr(cudnn.size()));
      note_cudnn(name.substr(cudnn.size()));
    }
    if (name.starts_with(nccl)) add_major(facts_.nccl, path, name.substr(nccl.size()));
    if (name.starts_with(tensorrt)) add_major(facts_.tensorrt, path, name.substr(tensorrt.size()));
  }

  void note_cudnn(std::string_view text) {
    const auto version = Version::parse(text);
    if (!version || version->size() < 3) return;
    auto& oldest = facts_.cudnn_version;
    if (!oldest || *version < *oldest) oldest = version;
  }

  // `12.8.90` of `…/nvidia_cuda_runtime_cu12-12.8.90.dist-info/METADATA`, whose name may lack the
  // `-cu12`; empty: another wheel's, as that of nvidia-cudnn-frontend.
  static std::string_view release_of_wheel(std::string_view path, std::string_view distribution) {
    constexpr std::string_view end = ".dist-info/METADATA";
    if (!path.ends_with(end)) return {};
    path.remove_suffix(end.size());
    path = path.substr(path.rfind('/') + 1);
    const std::size_t dash = path.rfind('-');
    if (dash == std::string_view::npos) return {};
    std::string name = to_lower(path.substr(0, dash));
    std::replace(name.begin(), name.end(), '_', '-');
    if (!name.starts_with(distribution)) return {};
    constexpr std::string_view cuda = "-cu";
    const std::string_view rest = std::string_view(name).substr(distribution.size());
    const bool is_of_cuda =
        rest.starts_with(cuda) && parse_number(rest.substr(cuda.size()), most_number);
    return rest.empty() || is_of_cuda ? path.substr(dash + 1) : std::string_view();
  }

  void look_at_wheel(std::string_view path) {
    take_newest(exact_, two_parts(release_of_wheel(path, "nvidia-cuda-runtime")));
    note_cudnn(release_of_wheel(path, "nvidia-cudnn"));
  }

  static void add_major(std::vector<MajorLibrary>& to,
                        const std::string& path,
                        std::string_view rest) {
    const auto major = parse_number(leading_number(rest), most_number);
    if (major) to.push_back({path, environment_of(path), *major});
  }

  void look_at_driver(const std::string& path, const FileFacts& file, bool is_elf) {
    const std::string folder = folder_of_path(path);
    if (folder.ends_with("/stubs") || folder == "stubs") {
      if (std::find(facts_.stub_folders.begin(), facts_.stub_folders.end(), folder) ==
          facts_.stub_folders.end()) {
        facts_.stub_folders.push_back(folder);
      }
      return;
    }
    if (!is_elf) return;
    CompatLibrary found;
    found.path = path;
    found.folder = folder;
    constexpr std::string_view prefix = "libcuda.so.";
    const std::string_view name = name_of(path);
    if (name.starts_with(prefix)) {
      const auto branch = parse_number(leading_number(name.substr(prefix.size())), most_number);
      if (branch && *branch > 1) found.branch = *branch;
    }
    read_note(file.content->elf->compat_note, found);
    if (!found.cuda && found.branch != 0) {
      found.cuda = native_cuda(catalog_, *Version::parse(std::to_string(found.branch)));
    }
    facts_.compat.push_back(std::move(found));
  }

  // {"CUDA Version": "12.9", "Driver": [535, 550], …}; what is not of that form says nothing.
  static void read_note(const std::string& note, CompatLibrary& found) {
    if (note.empty()) return;
    try {
      const Document document{"note", Fault::input, {}};
      const nlohmann::ordered_json json = parse_document(note, document);
      const JsonNode root(json, document);
      found.cuda = Version::parse(root.text_or_empty("CUDA Version"));
      if (const auto drivers = root.find("Driver")) {
        for (const JsonNode& driver : drivers->items())
          found.branches.push_back(driver.number(most_number));
      }
    } catch (const Error&) {
      found.branches.clear();
    }
  }

  const Catalog& catalog_;
  const ImageFiles& files_;
  const ImageConfig& config_;
  CudaFacts facts_;
  std::optional<Version> exact_;
};

}  // namespace

CudaFacts cuda_facts(const Catalog& catalog, const ImageFiles& files, const ImageConfig& config) {
  return CudaSearch(catalog, files, config).run();
}

}  // namespace mlpack
