#include "lib/text.h"
#include "registry/client_state.h"

#include <fmt/format.h>

namespace mlpack {

const RegistriesConf& Client::State::registries() {
  const std::scoped_lock lock(guard_);
  if (!registries_) registries_ = options.registries ? options.registries() : RegistriesConf();
  return *registries_;
}

// What is pushed goes where it was told to.
std::vector<Repository> Client::State::places_of(const Repository& repository, PullKind kind) {
  const RegistriesConf& conf = registries();
  if (repository.access == Access::push) {
    conf.require_allowed(repository.name);
    return {{repository.name, repository.access, conf.tls_of(repository.name)}};
  }
  std::vector<Repository> places;
  for (PullPlace& place : conf.places(repository.name, kind)) {
    places.push_back(
        {std::move(place.name), repository.access, place.tls, Repository::Place::mirror});
  }
  places.back().place = Repository::Place::own;
  const std::scoped_lock lock(guard_);
  const Repository last = places.back();
  std::erase_if(places, [&](const Repository& place) {
    const std::string& host = place.name.host();
    return lost_mirrors_.count(host) > 0 || bad_mirrors_.count(host) > 0;
  });
  if (places.empty() || !(places.back().name == last.name)) places.push_back(last);
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
      throw error;
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

void Client::State::distrust(const Repository& mirror, const Error& error) {
  {
    const std::scoped_lock lock(guard_);
    if (!bad_mirrors_.insert(mirror.name.host()).second) return;
  }
  progress.note(
      fmt::format("mirror `{}`: {}; it is not asked again", mirror.name.name(), error.what()));
}

}  // namespace mlpack
