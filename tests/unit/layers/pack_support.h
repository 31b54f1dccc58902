#pragma once

#include "layers/pack.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/layers/support.h"

#include <fmt/format.h>

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace mlpack::test {

/// Keeps what a person would see.
class Recorder : public Progress {
 public:
  int begin(const std::string& label, std::uint64_t total) override {
    const std::scoped_lock lock(mutex_);
    labels_.push_back(fmt::format("{} of {}", label, total));
    return static_cast<int>(labels_.size()) - 1;
  }
  void advance(int, std::uint64_t bytes) override {
    const std::scoped_lock lock(mutex_);
    bytes_ += bytes;
  }
  void end(int task, const std::string& outcome) override {
    const std::scoped_lock lock(mutex_);
    outcomes.insert(labels_[static_cast<std::size_t>(task)] + ": " + outcome);
  }
  void warn(const std::string& text) override {
    const std::scoped_lock lock(mutex_);
    warnings.push_back(text);
  }
  std::uint64_t bytes() const { return bytes_; }

  std::multiset<std::string> outcomes;
  std::vector<std::string> warnings;

 private:
  std::mutex mutex_;  // guards all of the above
  std::vector<std::string> labels_;
  std::uint64_t bytes_ = 0;
};

struct Workplace {
  TempDir dir;
  Store store{dir / "store"};
  Recorder progress;
  PackContext context;

  Workplace() {
    context.jobs = 2;
    context.progress = &progress;
  }

  static PackJob job(std::vector<RecipeEntry> entries, Compression compression) {
    PackJob job;
    job.recipe.role = Role::weights;
    job.recipe.name = "base";
    job.recipe.entries = std::move(entries);
    job.compression = compression;
    return job;
  }
};

inline std::string bytes_of(const OpenBlob& open, const Descriptor& blob) {
  return all_of(*open(blob));
}

}  // namespace mlpack::test
