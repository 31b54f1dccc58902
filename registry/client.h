#pragma once

#include "lib/digest.h"
#include "lib/error.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/reference.h"
#include "lib/parallel.h"
#include "lib/progress.h"
#include "lib/sink.h"
#include "lib/store/upload_note.h"
#include "registry/credentials.h"
#include "registry/registries_conf.h"
#include "registry/retry.h"
#include "registry/transport.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// What a repository is opened for; decides the scope of the tokens asked for.
enum class Access { pull, push };

/// A repository of a registry. `name` has a host; its tag and digest do not count.
struct Repository {
  Reference name;
  Access access = Access::pull;
  Tls tls = Tls::required;
  enum class Place { own, mirror } place = Place::own;
  /// `brief`: there is another place, so that this one is given up soon.
  enum class Patience { whole, brief } patience = Patience::whole;
};

/// Which registries are spoken to without TLS. A loopback registry is tried with TLS where it does
/// not understand plain HTTP.
enum class PlainHttp { loopback_only, always };

struct BlobStream;  // lib/oci/image.h
class UploadRules;  // registry/upload_rules.h

struct ClientOptions {
  PlainHttp plain_http = PlainHttp::loopback_only;
  std::size_t jobs = 4;
  RetryPolicy retry;
  /// Where pulls go instead; called once, when it is needed. Absent: nowhere else.
  std::function<RegistriesConf()> registries;
  /// Where what was learnt of a host's uploads is kept, as a line of text; empty: nowhere.
  std::function<std::optional<std::string>(const std::string& host)> recall = {};
  std::function<void(const std::string& host, const std::string& text)> remember = {};
  /// Where an upload goes on that a killed process left; empty or nullptr: it begins anew.
  std::function<std::unique_ptr<UploadNote>(const std::string& name)> take_note = {};
};

/// What a registry says about a blob. `unknown`: it would not say.
struct BlobState {
  enum class Presence { present, absent, unknown } presence = Presence::unknown;
  std::optional<std::uint64_t> size;
};

/// Fault::integrity where `state`, of `where`, is that of another size than `blob` has.
void require_same_size(const BlobState& state, const Descriptor& blob, const Repository& where);

/// A manifest or index as the registry holds it. `bytes` have `digest`.
struct FoundManifest {
  std::string bytes;
  std::string media_type;
  Digest digest;
};

/// An upload that was begun: the URL the registry wants the blob at.
struct Upload {
  std::string location;
  std::uint64_t least_chunk = 0;  // bytes of a chunk that is not the last; 0: it does not say
};

/// A manifest that was put, or refused because blobs that it names are not there (yet).
enum class PutManifest { done, blobs_missing };

/// Speaks distribution-spec 1.1 with registries, any number of them, from any number of threads:
/// asks for tokens, follows redirects by hand (credentials never leave the registry's origin),
/// retries what may pass. What is pulled comes from a mirror where registries.conf has one that can
/// give it (places.h). Every failure is an Error that says what was attempted and what the
/// registry replied: Fault::auth for 401 and 403, refused for other answers, network for none,
/// integrity for bytes that are not what they should be.
class Client {
 public:
  /// All references must outlive the client.
  Client(Transport& transport,
         CredentialsSource& credentials,
         ClientOptions options,
         Progress& progress,
         const Stop& stop);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Throws unless `host` is a registry that accepts our credentials.
  void check(const std::string& host);
  /// As check, with `credentials` in place of ours.
  void check_login(const std::string& host, const Credentials& credentials);

  BlobState head_blob(const Repository& repository, const Digest& digest);
  /// One quick look; false for whatever goes wrong. To choose among places that may have a blob.
  bool seems_present(const Repository& repository, const Digest& digest);
  /// Opens a blob: the bytes come once, in order, across lost connections (resumed with Range), and
  /// the last of them only after size and digest were found right. Where a mirror fails on the way,
  /// the next place goes on at that byte; one that sent something else is not asked again, so that
  /// the same once more helps (past_bad_copies). nullptr where it is absent. The client must
  /// outlive what it returns.
  std::unique_ptr<Source> open_blob(const Repository& repository, const Descriptor& blob);
  /// The bytes of a blob from `offset` on, as they come: they are compared with nothing. nullptr
  /// where it is absent.
  std::unique_ptr<Source> open_blob_at(const Repository& repository,
                                       const Descriptor& blob,
                                       std::uint64_t offset);
  /// Writes all of open_blob to `sink`; false where it is absent.
  bool get_blob(const Repository& repository, const Descriptor& blob, Sink& sink);

  /// Asks for the blob to be mounted from `from`, a repository on the same host. True where it was;
  /// whatever else the registry replies is not an error, and an upload that it began instead is
  /// cancelled.
  bool mount_blob(const Repository& repository, const Digest& digest, const Reference& from);
  Upload start_upload(const Repository& repository);
  /// Never throws for what the registry replies.
  void cancel_upload(const Repository& repository, const Upload& upload);
  /// Uploads a blob that the repository lacks, and checks that it arrived with its size. `open` is
  /// called again for every attempt; what its source throws, and bytes that are not those of
  /// `blob` (Fault::integrity), end the upload before it is committed. `moved` is told how many
  /// bytes of the attempt are out.
  void upload_blob(const Repository& repository,
                   const Descriptor& blob,
                   const OpenSource& open,
                   const std::function<void(std::uint64_t)>& moved = {});

  /// Uploads what nobody knows the digest of before all of it was read, and returns that digest.
  /// What its source throws ends the upload before it is committed. Where the connection to the
  /// registry breaks, all is sent anew.
  Digest upload_stream(const Repository& repository, const BlobStream& stream);

  /// `at` is a tag or a digest. nullopt where it is absent; a registry that does not say the digest
  /// in reply to HEAD counts as absent.
  std::optional<Descriptor> head_manifest(const Repository& repository, const std::string& at);
  std::optional<FoundManifest> get_manifest(const Repository& repository, const std::string& at);
  PutManifest put_manifest(const Repository& repository,
                           const std::string& at,
                           const std::string& bytes,
                           const std::string& media_type);
  /// Looks whether `at`, which was put, leads to `digest`; a few times, since some registries show
  /// a manifest a moment after they took it. Fault::refused where nothing is there,
  /// Fault::integrity where something else is; a registry that will not say is believed.
  void check_manifest(const Repository& repository, const std::string& at, const Digest& digest);
  /// What the registry lists as referring to the manifest `subject`, of `artifact_type` (empty: of
  /// any). nullopt where it keeps no such lists: a tag may lead to one then (referrers.h).
  std::optional<std::vector<Descriptor>> referrers(const Repository& repository,
                                                   const Digest& subject,
                                                   const std::string& artifact_type);

  /// How uploads go out by now.
  UploadRules upload_rules(const Repository& repository);

  /// Since the client was made.
  std::uint64_t bytes_sent() const;
  std::size_t retries() const;

  const ClientOptions& options() const;
  Progress& progress() const;
  const Stop& stop() const;
  /// The clock of the retry policy.
  double seconds() const;
  /// Waits as between two attempts; `attempt` counts from 0.
  void pause(int attempt);

  struct State;  // for the parts of the client: client_state.h

 private:
  std::unique_ptr<State> state_;
};

}  // namespace mlpack
