#pragma once

#include "lib/catalog/table_writer.h"
#include "lib/catalog/template_node.h"

#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// Turns files of templates/runtimes into rows of ServingRuntime (runtimes.h), in their order.
class RuntimeWriter {
 public:
  /// One runtime; Fault::input with the line where its file is wrong.
  void add(const TemplateNode& file);
  /// The generated source.
  std::string finish();

 private:
  std::string images(TemplateMap& root);
  std::string forms(TemplateMap& root);
  std::string ports(TemplateMap& root);
  std::string adapters(TemplateMap& root);
  std::string args(TemplateMap& root);
  std::string memory(TemplateMap& root);
  std::string env(TemplateMap& root);
  std::string notes(TemplateMap& root);
  std::string shm(TemplateMap& root);
  std::string parallel(TemplateMap& root);
  std::string process(TemplateMap& root);
  std::string lists_of_words(TemplateMap& root, const std::string& key);
  std::string words(TemplateMap& map, const std::string& key);
  void add_name(const TemplateMap& root, const std::string& name);

  TableWriter writer_;
  std::set<std::string> names_;       // and aliases
  std::set<std::string> port_names_;  // of the runtime that is added
  std::vector<std::string> rows_;
};

}  // namespace mlpack
