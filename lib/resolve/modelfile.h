#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// Ollama's Modelfile, as https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx and its
/// parser (parser/parser.go) have it.
struct Modelfile {
  std::string from;  // what it names; the spec's weights are taken instead
  std::string chat_template;
  std::string system;
  std::vector<std::string> licenses;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::pair<std::string, std::string>> messages;  // role, text
  std::string requires_release;
  std::string renderer;
  std::string parser;
};

/// Fault::usage with `name` and the line for what is wrong, and for what needs another model
/// (ADAPTER, DRAFT).
Modelfile parse_modelfile(std::string_view text, const std::string& name);

/// What it says as blobs of Ollama's store, in Ollama's order: the last part of the media type and
/// the bytes.
std::vector<std::pair<std::string, std::string>> blobs_of(const Modelfile& file);

}  // namespace mlpack
