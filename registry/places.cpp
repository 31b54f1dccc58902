#include "registry/places.h"

#include "lib/text.h"
#include "registry/client_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

std::vector<Repository> mirrors_among(const std::vector<PullPlace>& places) {
  std::vector<Repository> mirrors;
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    mirrors.push_back({places[i].name,
                       Access::pull,
                       places[i].tls,
                       Repository::Place::mirror,
                       Repository::Patience::brief});
  }
  return mirrors;
}

}  // namespace

const RegistriesConf& Client::State::registries() {
  const std::scoped_lock lock(guard_);
  if (!registries_) registries_ = options.registries ? options.registries() : RegistriesConf();
  return *registries_;
}

Places::Places(Client::State& state, const Repository& repository, PullKind kind)
    : state_(state),
      repository_(repository),
      kind_(kind),
      places_(state.places_of(repository, kind)) {}

void Places::give_up(const Error& error) {
  if (now().place == Repository::Place::mirror) state_.give_up(now(), error);
  if (!is_last()) return;
  if (out_of_reach_) throw Error(*out_of_reach_);
  const std::vector<Repository> lost = error.fault() == Fault::network
                                           ? state_.lost_places_of(repository_, kind_)
                                           : std::vector<Repository>();
  if (lost.empty()) throw Error(error);
  out_of_reach_ = error;
  places_.insert(places_.end(), lost.begin(), lost.end());
  state_.progress.note(fmt::format("{}; its mirrors are tried again", error.what()));
}

bool Places::next() {
  if (!is_last()) {
    ++now_;
    return true;
  }
  if (out_of_reach_) throw Error(*out_of_reach_);
  return false;
}

void Places::keep() {
  if (out_of_reach_) state_.found_again(now());
}

// What is pushed goes where it was told to.
std::vector<Repository> Client::State::places_of(const Repository& repository, PullKind kind) {
  const RegistriesConf& conf = registries();
  if (repository.access == Access::push) {
    conf.require_allowed(repository.name);
    return {{repository.name, repository.access, conf.tls_of(repository.name)}};
  }
  const std::vector<PullPlace> known = conf.places(repository.name, kind);
  std::vector<Repository> places = mirrors_among(known);
  const std::scoped_lock lock(guard_);
  std::erase_if(places, [&](const Repository& place) {
    const std::string& host = place.name.host();
    return lost_mirrors_.count(host) > 0 || bad_mirrors_.count(host) > 0;
  });
  places.push_back({known.back().name, Access::pull, known.back().tls});
  return places;
}

std::vector<Repository> Client::State::lost_places_of(const Repository& repository, PullKind kind) {
  if (repository.access == Access::push) return {};
  std::vector<Repository> places = mirrors_among(registries().places(repository.name, kind));
  {
    const std::scoped_lock lock(guard_);
    std::erase_if(places, [&](const Repository& place) {
      const std::string& host = place.name.host();
      return lost_mirrors_.count(host) == 0 || bad_mirrors_.count(host) > 0;
    });
  }
  for (Repository& place : places)
    place.patience = Repository::Patience::whole;
  std::stable_partition(places.begin(), places.end(), [&](const Repository& place) {
    RegistryHost& host = host_of(place);
    const std::scoped_lock lock(host.guard);
    return host.answered;
  });
  return places;
}

void Client::State::give_up(const Repository& mirror, const Error& error) {
  switch (error.fault()) {
    case Fault::auth:
    case Fault::refused:
    case Fault::network:
    case Fault::integrity:
      break;
    default:
      throw Error(error);
  }
  bool is_new = error.fault() != Fault::network;
  if (!is_new) {
    const std::scoped_lock lock(guard_);
    is_new = lost_mirrors_.insert(mirror.name.host()).second;
  }
  if (is_new) {
    progress.note(
        fmt::format("mirror `{}`: {}; the next place is tried", mirror.name.name(), error.what()));
  }
}

void Client::State::found_again(const Repository& mirror) {
  const std::scoped_lock lock(guard_);
  lost_mirrors_.erase(mirror.name.host());
}

void Client::State::distrust(const Repository& mirror, const Error& error) {
  {
    const std::scoped_lock lock(guard_);
    if (!bad_mirrors_.insert(mirror.name.host()).second) return;
  }
  progress.note(
      fmt::format("mirror `{}`: {}; it is not asked again", mirror.name.name(), error.what()));
}

}  // namespace mlpack
