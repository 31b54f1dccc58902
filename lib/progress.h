#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace mlpack {

/// How long work tells a person what it is doing. Every call is thread-safe and cheap enough for
/// one per MiB. The terminal implements it in cli/; the default here says nothing.
class Progress {
 public:
  virtual ~Progress() = default;
  /// Starts a line for one piece of work; `total` in bytes, 0 where it is not known. Returns its
  /// number.
  virtual int begin(const std::string& /*label*/, std::uint64_t /*total*/) { return 0; }
  virtual void advance(int /*task*/, std::uint64_t /*bytes*/) {}
  /// Ends the line with an outcome such as "uploaded" or "reused: nothing changed".
  virtual void end(int /*task*/, const std::string& /*outcome*/) {}
  /// One line that stands for itself.
  virtual void note(const std::string& /*text*/) {}
  /// One line that the user should act on.
  virtual void warn(const std::string& /*text*/) {}
};

/// A line of progress that ends even if the work does not: then it has failed.
class ProgressLine {
 public:
  ProgressLine(Progress& progress, const std::string& label, std::uint64_t total)
      : progress_(progress), task_(progress.begin(label, total)) {}
  ~ProgressLine() { progress_.end(task_, outcome_); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void advance(std::uint64_t bytes) { progress_.advance(task_, bytes); }
  void end(std::string outcome) { outcome_ = std::move(outcome); }

 private:
  Progress& progress_;
  int task_;
  std::string outcome_ = "failed";
};

}  // namespace mlpack
