#include "cli/session.h"

#include "layers/archive_members.h"
#include "layers/layer_check.h"
#include "registry/network_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

// Of a registry's host: how it took the last uploads.
constexpr std::string_view uploads_fact = "uploads";

std::function<void(const std::string&)> warner(World& world) {
  return [&world](const std::string& text) { world.terminal.warn(text); };
}

const fs::path& store_folder(const World& world) {
  if (!world.settings.store.empty()) return world.settings.store;
  throw Error(
      Fault::usage,
      "there is no folder for the store: neither MLPACK_STORE, XDG_CACHE_HOME nor HOME is set",
      "say where with `--store DIR`");
}

}  // namespace

std::unique_ptr<Session> open_session(World& world) {
  try {
    return std::make_unique<Session>(world);
  } catch (const Error& error) {
    if (error.fault() != Fault::disk) throw;
    world.terminal.detail(fmt::format("{}: nothing is kept there", error.what()));
  }
  return std::make_unique<Session>(world, Store::Access::read);
}

CredentialFiles open_credentials(World& world) {
  CredentialPlaces places = credential_places(world.environment);
  places.stop = &world.stop;
  network_limits(world.environment).apply_to(places);
  return CredentialFiles(std::move(places), warner(world));
}

RetryPolicy retry_policy(const World& world) {
  RetryPolicy policy;
  network_limits(world.environment).apply_to(policy);
  return policy;
}

ClientOptions client_options(const World& world) {
  ClientOptions options;
  options.plain_http = world.settings.plain_http;
  options.jobs = world.settings.transfers;
  options.retry = retry_policy(world);
  options.registries = [environment = world.environment] {
    return read_registries_conf(environment);
  };
  return options;
}

ClientOptions client_options(const World& world, Store& store) {
  ClientOptions options = client_options(world);
  options.recall = [&store](const std::string& host) {
    return store.fact(uploads_fact, Digest::of(host));
  };
  options.remember = [&store](const std::string& host, const std::string& text) {
    store.put_fact(uploads_fact, Digest::of(host), text);
  };
  options.take_note = [&store](const std::string& name) { return store.take_upload_note(name); };
  return options;
}

Session::Session(World& the_world, Store::Access access)
    : world(the_world),
      store(store_folder(world), warner(world), access),
      credentials(open_credentials(world)),
      client(
          world.transport, credentials, client_options(world, store), world.terminal, world.stop),
      downloader(world.transport, retry_policy(world), world.terminal, world.stop),
      remote_files(remote_context(), store) {}

RemoteContext Session::remote_context() const {
  return {.transport = world.transport,
          .environment = world.environment,
          .progress = world.terminal,
          .stop = world.stop,
          .retry = retry_policy(world),
          .plain_http = world.settings.plain_http};
}

OpenRemoteReadAt Session::open_remote_parts(Offline offline) {
  return [this, offline](const RemoteContent& file, std::uint64_t size) {
    return remote_files.open_read_at(file, size, offline);
  };
}

PackContext Session::pack_context(PackContext::Memo memo) {
  PackContext context;
  context.jobs = world.settings.jobs;
  context.open_members = [this] { return member_opener(store); };
  context.open_remote = open_remote(Offline::no);
  context.progress = &world.terminal;
  context.stop = &world.stop;
  context.memo = memo;
  return context;
}

DebianContext Session::debian_context(Offline offline) {
  DebianContext context{store, downloader, world.terminal, world.stop};
  context.jobs = world.settings.transfers;
  context.offline = offline;
  context.downloads = downloads;
  context.environment_mirror = world.environment("MLPACK_DEBIAN_MIRROR").value_or("");
  return context;
}

OpenRemoteFile Session::open_remote(Offline offline) {
  return [this, offline](const RemoteContent& file, std::uint64_t size) {
    return remote_files.open(file, size, offline);
  };
}

OpenBlob Session::open_anywhere(Offline offline) {
  const OpenBlob there = remote_blobs(client, store);
  const OpenBlob elsewhere = [this, there](const Descriptor& blob) -> std::unique_ptr<Source> {
    if (store.origins(blob.digest).empty()) return nullptr;
    terminal().detail(
        fmt::format("layer {}: what it is made of is gone; it is read from where it "
                    "was pushed to",
                    blob.digest.text()));
    return there(blob);
  };
  const OpenBlob here = open_blob(
      store,
      [this] { return member_opener(store); },
      open_remote(offline),
      offline == Offline::no ? elsewhere : OpenBlob());
  return [this, here, there, offline](const Descriptor& blob) {
    const BlobLocation::Kind kind = store.locate(blob.digest).kind;
    if (kind == BlobLocation::Kind::recipe && offline == Offline::no && is_published(blob.digest)) {
      return there(blob);
    }
    if (kind != BlobLocation::Kind::remote) return here(blob);
    if (offline == Offline::no) return there(blob);
    throw Error(Fault::input,
                fmt::format("the layer `{}` is not in the store", blob.digest.text()),
                "run `mlpack fetch` while there is a network");
  };
}

// A registry has it as it was; a source has it for as long as it likes.
bool Session::is_published(const Digest& layer) {
  const std::vector<Reference> origins = store.origins(layer);
  const auto recipe = origins.empty() ? std::nullopt : store.recipe(layer);
  const auto is_elsewhere = [&](const RecipeEntry& entry) {
    const auto* remote = std::get_if<RemoteContent>(&entry.content);
    return remote != nullptr && !remote_files.cached(*remote, entry.size);
  };
  if (!recipe || std::none_of(recipe->entries.begin(), recipe->entries.end(), is_elsewhere)) {
    return false;
  }
  return std::any_of(origins.begin(), origins.end(), [&](const Reference& origin) {
    return client.seems_present({origin, Access::pull}, layer);
  });
}

LayerIntake Session::intake(OpenBlob open) {
  const Stop& stop = world.stop;
  return {client,
          store,
          std::move(open),
          [&stop](auto source, Sink& sink, const Descriptor& layer, const Digest& diff_id) {
            const auto checked = open_checked(std::move(source), layer, diff_id, stop);
            copy(*checked, sink, [&](std::size_t) { stop.check(); });
          }};
}

}  // namespace mlpack
