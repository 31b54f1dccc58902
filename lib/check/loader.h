#pragma once

#include "lib/check/check.h"
#include "lib/check/loader_cache.h"
#include "lib/check/process.h"

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
    missing,     // no such library on the way of the loader
    unresolved,  // the library is too old: it lacks a version of symbols
    broken,      // what has its name is no library, or a part of one
    denied,      // the user may not read it
    unlisted     // in a folder of ld.so.conf, but not in what ldconfig made of it
  };
  Kind kind = Kind::missing;
  std::string library;  // `libz.so.1`
  std::string wanted_by;
  std::string version;  // of symbols, `GLIBC_2.38`
  std::string found;    // the library that lacks it, or may not be loaded
};

/// Libraries of the host's driver, which a container gets from it (fact of the NVIDIA Container
/// Toolkit): they belong in no image.
bool is_driver_library(std::string_view name);

/// Finds shared libraries as the dynamic loader of an image would (ld.so(8); musl's looks neither
/// at ld.so.conf nor at its cache). Remembers what it found.
class Loader {
 public:
  /// glibc's reads ld.so.cache, not ld.so.conf; but NVIDIA's container toolkit runs ldconfig, which
  /// makes the one of the other, in every container that gets a GPU.
  enum class Cache { of_image, made_by_toolkit };
  Loader(const CheckInput& input, Cache cache);

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
  /// What the search for a library led to.
  struct Found {
    const FileFacts* file = nullptr;    // whatever it is
    const FileFacts* denied = nullptr;  // one that the user may not read
    const FileFacts* unlisted = nullptr;
  };
  Walk walk_from(const FileFacts& start);
  /// What the names that `by` needs lead to, in their order, where nothing is inherited.
  const std::vector<Found>& needed_by(const FileFacts& by);
  Found search(const FileFacts& by,
               const std::string& name,
               const std::vector<std::string>& inherited);
  const FileFacts* on_the_way(const FileFacts& by,
                              const std::string& name,
                              const std::vector<std::string>& inherited);
  const FileFacts* in_cache(const std::string& name, const ElfFacts& by);
  const FileFacts* right_at(const std::string& path, const ElfFacts& by);
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
  std::vector<std::string> with_tokens(const std::string& path,
                                       const std::string& origin,
                                       unsigned bits) const;
  void add_environment(const CheckInput& input);
  void add_cache();
  void add_defaults();

  const ImageFiles& files_;
  const std::string working_dir_;
  const Account account_;
  const Cache kind_of_cache_;
  bool is_musl_ = false;
  bool has_old_folders_ = true;  // `tls` and those of processors, up to glibc 2.36
  LoaderCache cache_;
  std::vector<const FileFacts*> loaders_;
  std::vector<std::string> environment_;
  std::vector<std::string> configured_;
  std::vector<std::string> defaults_;
  std::map<std::string, std::optional<std::string>, std::less<>> real_folders_;
  std::unordered_map<const FileFacts*, std::vector<Found>> needed_;
  const FileFacts* denied_ = nullptr;  // by the search that is going on
};

/// Whose cache counts on the machines of the fleet: the image's where one has no GPU, or where
/// nothing is said of them and the image does not ask for one.
Loader::Cache cache_on(const CheckInput& input);

/// The folders in which a loader of the image looks first, or by its configuration; real.
std::set<std::string> searched_folders(const CheckInput& input);

}  // namespace mlpack
