#pragma once

#include "lib/catalog/registries.h"
#include "registry/client.h"

#include <string>
#include <vector>

namespace mlpack {

/// How an upload in one form went.
struct ProbedForm {
  UploadForm form;
  std::string failure;  // what went wrong; empty: it works
};

/// What was found out about a registry.
struct ProbedUploads {
  std::vector<ProbedForm> forms;  // the one that is tried first by a push is the first
  std::uint64_t chunk = 0;        // bytes of the chunks that were sent
  std::string text;               // for ClientOptions::remember; empty: it was known before
};

/// Bytes of the blob that is uploaded in each form.
constexpr std::uint64_t probe_size = std::uint64_t{1} << 20;

/// Makes a client whose options are like those of the others, but for `recall`.
using MakeClient = std::function<std::unique_ptr<Client>(const std::string& recall)>;

/// Uploads a blob to `repository` in each form that its registry may take, and adds what comes out
/// to what is `known` of it (ClientOptions::recall; empty: nothing). No manifest names the blobs:
/// the registry removes them when it cleans up. What is no matter of the form is thrown:
/// Fault::auth, and Fault::network where no form got an answer.
ProbedUploads probe_uploads(const Repository& repository,
                            const std::string& known,
                            const MakeClient& make);

/// `one PUT`, `one PATCH`, `chunks`.
std::string form_name(UploadForm form);

}  // namespace mlpack
