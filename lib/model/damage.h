#pragma once

#include "lib/error.h"

#include <string>
#include <utility>

namespace mlpack {

/// What the readers of this folder throw about a file that is not what it says it is, and
/// read_model makes a ModelProblem of. Its parts: "is cut", "its tensors end at byte 9, the file at
/// 8", and what to do next.
class Damage : public Error {
 public:
  Damage(std::string what,
         std::string why,
         std::string next = "download or convert it again, or exclude it")
      : Error(Fault::input, what + ": " + why, std::move(next)),
        state_(std::move(what)),
        why_(std::move(why)) {}

  const std::string& state() const { return state_; }
  const std::string& why() const { return why_; }

 private:
  std::string state_;
  std::string why_;
};

}  // namespace mlpack
