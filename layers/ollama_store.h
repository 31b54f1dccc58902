#pragma once

#include "lib/model/model.h"
#include "lib/oci/recipe.h"
#include "lib/store/store.h"

#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// A model as Ollama keeps it (manifest/, types/model/ and server/create.go of
/// https://github.com/ollama/ollama): blobs by digest, and a manifest under the model's name.
struct OllamaModel {
  std::string root;       // of the store, absolute
  std::string name;       // `library/NAME:latest` of registry.ollama.ai
  std::string model;      // the entry that is the model, by path
  std::string projector;  // the same of a multimodal model's second file; else empty
  std::vector<std::pair<std::string, std::string>> texts;  // last part of the media type, bytes
  std::string requires_release;
  std::string renderer;
  std::string parser;
};

/// The store of `model`: the files in GGUF that it names among `entries`, under the names of their
/// digests and with their content as it is (nothing is copied), and what is said of them. Other
/// entries are left out. A file of the user's is read to hash it, once: `store` remembers. Of one
/// in the network the sha256 has to be known: Fault::usage.
std::vector<RecipeEntry> ollama_store(const std::vector<RecipeEntry>& entries,
                                      const OllamaModel& model,
                                      Store& store,
                                      const OpenRemoteReadAt& open_remote = {});

}  // namespace mlpack
