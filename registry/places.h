#pragma once

#include "lib/error.h"
#include "registry/client.h"
#include "registry/registries_conf.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace mlpack {

/// The places that a repository is read from, one after the other: its mirrors, each of which is
/// given up soon, and last the place itself, with all patience. Where that is out of reach, mirrors
/// that were, too, are tried again with all patience: one of them may be starting anew, and be all
/// that can be reached from here. One for each piece of work; not for several threads.
class Places {
 public:
  /// `state` must outlive it.
  Places(Client::State& state, const Repository& repository, PullKind kind);

  const Repository& now() const { return places_[now_]; }
  const Repository& at(std::size_t number) const { return places_[number]; }
  std::size_t number() const { return now_; }
  bool is_last() const { return now_ + 1 == places_.size(); }

  /// What `find` finds in this place; nothing where it fails and there is another.
  template <class Find>
  auto look(const Find& find) -> decltype(find(now())) {
    try {
      auto found = find(now());
      if (found) keep();
      return found;
    } catch (const Error& error) {
      give_up(error);
    }
    return {};
  }

  /// This place failed: that is noted. Throws where there is no other, and what is no matter of the
  /// place's.
  void give_up(const Error& error);
  /// Goes on to the next; false where there is none. Throws what kept the place itself out of reach
  /// where that is why mirrors were tried again.
  bool next();

 private:
  void keep();

  Client::State& state_;
  Repository repository_;
  PullKind kind_;
  std::vector<Repository> places_;
  std::size_t now_ = 0;
  std::optional<Error> out_of_reach_;  // the place itself
};

}  // namespace mlpack
