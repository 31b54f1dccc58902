#pragma once

#include "lib/check/image_files.h"
#include "lib/oci/config.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlpack {

/// A library that a program or library could not be started for.
struct LoadProblem {
  enum class Kind {
    missing,    // no such library on the way of the loader
    unresolved  // the library is too old: it lacks a version of symbols
  };
  Kind kind = Kind::missing;
  std::string library;  // `libz.so.1`
  std::string wanted_by;
  std::string version;  // of symbols, `GLIBC_2.38`
  std::string found;    // the library that lacks it
};

/// Libraries of the host's driver, which a container gets from it (fact of the NVIDIA Container
/// Toolkit): they belong in no image.
bool is_driver_library(std::string_view name);

/// Finds shared libraries as the dynamic loader of an image would (ld.so(8); musl's does not look
/// at ld.so.conf). Remembers what it found.
class Loader {
 public:
  /// With `gpu_hook` folders of ld.so.conf count even where the image has no ld.so.cache, because
  /// the container toolkit makes one.
  enum class Cache { of_image, made_by_toolkit };
  Loader(const ImageFiles& files, const ImageConfig& config, Cache cache);

  /// What keeps the program or library `start` from being loaded, with all that it needs.
  /// Libraries that the driver brings are never missing.
  std::vector<LoadProblem> load(const FileFacts& start);
  /// `start` and all files that are loaded with it.
  std::vector<const FileFacts*> closure(const FileFacts& start);
  /// The folders that are looked at for every file: LD_LIBRARY_PATH, then those of the
  /// configuration.
  const std::vector<std::string>& environment_folders() const { return environment_; }
  const std::vector<std::string>& configured_folders() const { return configured_; }

 private:
  struct Walk;
  Walk walk_from(const FileFacts& start);
  /// What the names that `by` needs lead to, in their order, where nothing is inherited.
  const std::vector<const FileFacts*>& needed_by(const FileFacts& by);
  const FileFacts* search(const FileFacts& by,
                          const std::string& name,
                          const std::vector<std::string>& inherited);
  const std::optional<std::string>& real_folder(const std::string& folder);
  const FileFacts* right_in(const std::string& folder, const std::string& name, const ElfFacts& by);
  const FileFacts* in_folder(const std::string& folder,
                             const std::string& name,
                             const ElfFacts& by);
  const FileFacts* in_folders(const std::vector<std::string>& folders,
                              const std::string& name,
                              const ElfFacts& by);
  std::vector<std::string> expanded(std::string_view paths, const FileFacts& origin) const;
  void add_conf(std::string_view path, int depth);
  void add_environment(const ImageConfig& config);
  void add_defaults();

  const ImageFiles& files_;
  bool is_musl_ = false;
  std::vector<std::string> environment_;
  std::vector<std::string> configured_;
  std::vector<std::string> defaults_;
  std::map<std::string, std::optional<std::string>, std::less<>> real_folders_;
  std::unordered_map<const FileFacts*, std::vector<const FileFacts*>> needed_;
};

/// The folders in which a loader of the image looks first, or by its configuration; real.
std::set<std::string> searched_folders(const ImageFiles& files, const ImageConfig& config);

}  // namespace mlpack
