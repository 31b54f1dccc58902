#pragma once

#include "cli/remote_files.h"
#include "cli/world.h"
#include "layers/debs.h"
#include "layers/pack.h"
#include "lib/model/model.h"
#include "lib/store/downloads.h"
#include "lib/store/store.h"
#include "registry/client.h"
#include "registry/credentials.h"
#include "registry/download.h"
#include "registry/pull.h"

#include <memory>

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
  RemoteFiles remote_files;
  Trust downloads = Trust::state;  // what is believed of the store's cache

  Terminal& terminal() const { return world.terminal; }
  RemoteContext remote_context() const;
  /// Opens files in the network to look at parts of them.
  OpenRemoteReadAt open_remote_parts(Offline offline = Offline::no);
  PackContext pack_context(PackContext::Memo memo = PackContext::Memo::trust);
  DebianContext debian_context(Offline offline);
  /// Opens blobs of the store: from their files, from what they are made of (where that is in the
  /// network, or gone, rather from where they were pushed to), else from where they are known to
  /// be. With Offline::yes what
  /// is in the network is Fault::input.
  OpenBlob open_anywhere(Offline offline = Offline::no);
  /// Brings layers that `open` opens into the store, comparing them with their diff ids.
  LayerIntake intake(OpenBlob open);

 private:
  OpenRemoteFile open_remote(Offline offline);
  /// Whether a layer of files in the network is in a registry too.
  bool is_published(const Digest& layer);
};

/// For commands that keep in the store what they find out, and forget it where that may only be
/// read.
std::unique_ptr<Session> open_session(World& world);

/// The credentials of the user, with warnings on the terminal.
CredentialFiles open_credentials(World& world);
ClientOptions client_options(const World& world);
/// The same, with what `store` remembers of how registries take blobs.
ClientOptions client_options(const World& world, Store& store);
/// With MLPACK_NETWORK.
RetryPolicy retry_policy(const World& world);

}  // namespace mlpack
