#pragma once

#include "registry/client.h"
#include "registry/credentials.h"

#include <string>
#include <vector>

namespace mlpack {

/// The registry that REGISTRY on the command line means: a host with an optional port; `https://`,
/// paths and docker's old names are accepted and dropped; empty means docker.io. Fault::usage else.
std::string parse_registry(const std::string& text);

/// Tries `credentials` at `host` (Fault::auth where they are refused; nothing is stored then) and
/// keeps them. Returns where they are now, for a message.
std::string login(Client& client,
                  CredentialFiles& files,
                  const std::string& host,
                  const Credentials& credentials);

/// Forgets the credentials of `host`; returns the places they were in, none where there were none.
std::vector<std::string> logout(CredentialFiles& files, const std::string& host);

}  // namespace mlpack
