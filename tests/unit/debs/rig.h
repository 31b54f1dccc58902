#pragma once

#include "layers/debs.h"
#include "tests/support/deb_repository.h"
#include "tests/support/temp_dir.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace mlpack::test {

class Warnings : public Progress {
 public:
  void warn(const std::string& text) override {
    const std::scoped_lock lock(guard_);
    texts.push_back(text);
  }
  std::vector<std::string> texts;

 private:
  std::mutex guard_;
};

/// A machine on 2 November 2026 with an empty store, and a repository that holds what is always
/// installed.
struct DebianRig {
  TempDir dir;
  Store store{dir / "store"};
  DebRepository repository;
  Warnings progress;
  Stop stop;
  DebianContext context{store, repository, progress, stop};
  DebianBase base;

  DebianRig();
  /// Resolves `packages` against what the repository holds, its releases signed anew.
  DebianPlan resolve(const std::vector<std::string>& packages, const SigningKey& key);
  /// A plan of exactly these packages.
  DebianPlan plan_of(const std::vector<TestDeb>& debs);
  DebianRoot root_of(const std::vector<TestDeb>& debs);
};

/// `NAME VERSION` of each package.
std::vector<std::string> versions(const DebianPlan& plan);

/// Every entry of the layers by path, those of upper layers in place of those below.
std::map<std::string, RecipeEntry> entries_of(const DebianRoot& root);
/// Bytes held in memory; the test fails where there are none.
std::string text_at(const DebianRoot& root, const std::string& path);

}  // namespace mlpack::test
