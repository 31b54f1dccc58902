#pragma once

#include "cli/build.h"
#include "cli/session.h"

#include <string>
#include <vector>

namespace mlpack {

/// Pushes what is built, and remembers what was published.
class Publisher {
 public:
  /// `session` must outlive it.
  explicit Publisher(Session& session) : session_(session) {}

  /// The image first: what else is made of its weights finds them in the registry then.
  void push(BuiltSpec& built);

  /// Runs `work`; an Error that leaves it says what was published before.
  template <class Work>
  auto tell_published(Work&& work) -> decltype(work()) {
    try {
      return work();
    } catch (Error& error) {
      if (!done_.empty()) error.add_context(text());
      throw;
    }
  }

 private:
  void push_set(const ImageSet& set, const Reference& name);
  std::string text() const;

  Session& session_;
  std::vector<std::string> done_;
};

}  // namespace mlpack
