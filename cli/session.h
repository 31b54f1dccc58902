#pragma once

#include "cli/world.h"
#include "layers/debs.h"
#include "layers/pack.h"
#include "lib/store/store.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/download.h"
#include "registry/pull.h"

namespace mlpack {

/// What most commands work with: the store, a client for registries with the user's credentials,
/// and a downloader, all telling the terminal what they do.
class Session {
 public:
  /// Opens the store, or creates it unless it is for reading. `world` must outlive it.
  explicit Session(World& world, Store::Access access = Store::Access::write);

  World& world;
  Store store;
  CredentialFiles credentials;
  Client client;
  HttpDownloader downloader;

  Terminal& terminal() const { return world.terminal; }
  PackContext pack_context(PackContext::Memo memo = PackContext::Memo::trust);
  DebianContext debian_context(Offline offline);
  /// Opens blobs of the store: from their files, from the user's files, else from where they are
  /// known to be (not with Offline::yes: Fault::input then).
  OpenBlob open_anywhere(Offline offline = Offline::no);
  /// Brings layers that `open` opens into the store, comparing them with their diff ids.
  LayerIntake intake(OpenBlob open);
};

/// The credentials of the user, with warnings on the terminal.
CredentialFiles open_credentials(World& world);
ClientOptions client_options(const World& world);

}  // namespace mlpack
