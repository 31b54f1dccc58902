// Checks a table of templates/ and writes it as C++: `compile_tables TABLE INPUT.yaml OUTPUT.cpp`.
// Runs while mlpack is built, so that the program itself never reads these files.

#include "lib/error.h"
#include "lib/file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void reject(const YAML::Node& node, const std::string& message) {
  throw Error(Fault::input, fmt::format("line {}: {}", node.Mark().line + 1, message));
}

// A map of the template; what was not read by `finish` is an error, so nothing in a table is idle.
class Row {
 public:
  explicit Row(const YAML::Node& node) : node_(node) {
    if (!node_.IsMap()) reject(node_, "expected a map");
    for (const auto& entry : node_) {
      if (!unread_.insert(entry.first.Scalar()).second) {
        reject(entry.first, "duplicate key " + entry.first.Scalar());
      }
    }
  }

  YAML::Node at(const std::string& key) {
    if (unread_.erase(key) == 0) reject(node_, "missing " + key);
    return node_[key];
  }
  std::string text(const std::string& key) {
    const YAML::Node value = at(key);
    if (!value.IsScalar()) reject(value, key + " must be text");
    return value.Scalar();
  }
  // Empty for null.
  std::string text_or_null(const std::string& key) {
    const YAML::Node value = at(key);
    if (!value.IsNull() && !value.IsScalar()) reject(value, key + " must be text or null");
    return value.IsNull() ? "" : value.Scalar();
  }
  std::string one_of(const std::string& key, const Names& allowed) {
    std::string value = text(key);
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      reject(node_, fmt::format("{} must be one of {}", key, fmt::join(allowed, ", ")));
    }
    return value;
  }
  Names list(const std::string& key) {
    Names items;
    const YAML::Node value = at(key);
    if (!value.IsSequence()) reject(value, key + " must be a list");
    for (const YAML::Node& item : value)
      items.push_back(item.Scalar());
    return items;
  }
  std::vector<Row> rows(const std::string& key) {
    std::vector<Row> found;
    const YAML::Node value = at(key);
    if (!value.IsSequence()) reject(value, key + " must be a list");
    for (const YAML::Node& item : value)
      found.emplace_back(item);
    return found;
  }
  /// Facts for readers and for later tables; they may be absent.
  void skip(const Names& keys) {
    for (const std::string& key : keys)
      unread_.erase(key);
  }
  void finish() const {
    if (!unread_.empty()) reject(node_, "unknown key " + *unread_.begin());
  }
  const YAML::Node& node() const { return node_; }

 private:
  YAML::Node node_;
  std::set<std::string> unread_;
};

std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string initializer(const Names& items) {
  Names literals;
  for (const std::string& item : items)
    literals.push_back(literal(item));
  return fmt::format("{{{}}}", fmt::join(literals, ", "));
}

// Writes constant arrays and refers to them.
class Writer {
 public:
  Writer() {
    text_ =
        "// Generated from templates/.\n#include \"lib/catalog/tables.h\"\n\n#include <array>\n\n"
        "namespace mlpack::tables {\nnamespace {\n\n";
  }
  /// The name of a list constant that holds `items`.
  std::string list(const Names& items) {
    std::string name = fmt::format("list_{}", lists_++);
    add(fmt::format("constexpr std::array<std::string_view, {}> {}{};\n",
                    items.size(),
                    name,
                    items.empty() ? "{}" : fmt::format("{{{{{}}}}}", inner(items))));
    return name;
  }
  void array(const std::string& type, const std::string& name, const Names& rows) {
    add(fmt::format("\nconstexpr std::array<{}, {}> {}_rows{{{{\n", type, rows.size(), name));
    for (const std::string& row : rows)
      add("    {" + row + "},\n");
    add("}};\n");
    exports_ += fmt::format("const std::span<const {}> {} = {}_rows;\n", type, name, name);
  }
  void constant(const std::string& declaration) { exports_ += declaration; }
  std::string finish() const {
    return text_ + "\n}  // namespace\n\n" + exports_ + "\n}  // namespace mlpack::tables\n";
  }

 private:
  static std::string inner(const Names& items) {
    const std::string braced = initializer(items);
    return braced.substr(1, braced.size() - 2);
  }
  void add(const std::string& text) { text_ += text; }

  std::string text_;
  std::string exports_;
  std::size_t lists_ = 0;
};

// Names must be told apart over the whole table.
class Unique {
 public:
  void add(const Row& row, const std::string& name) {
    if (name.empty() || name.find(':') != std::string::npos || !seen_.insert(name).second) {
      reject(row.node(), fmt::format("`{}` is empty, holds a colon or is there twice", name));
    }
    order_.push_back(name);
  }
  const Names& names() const { return order_; }

 private:
  std::set<std::string> seen_;
  Names order_;
};

struct GpuRow {
  std::size_t index;
  unsigned memory_gib;
};

class GpuTable {
 public:
  std::string compile(Row& root) {
    root.skip({"meta"});
    Row models(root.at("gpus"));
    models.skip({"source", "retrieved"});
    for (Row& row : models.rows("rows"))
      add_model(row);
    models.finish();
    Row families(root.at("families"));
    for (Row& row : families.rows("rows"))
      add_family(row);
    families.finish();
    Row others(root.at("other_vendors"));
    for (Row& row : others.rows("rows"))
      add_vendor(row);
    others.finish();
    writer_.array("Gpu", "gpus", models_);
    writer_.array("GpuFamily", "gpu_families", families_);
    writer_.array("OtherVendor", "other_vendors", vendors_);
    writer_.constant(fmt::format("const std::span<const std::string_view> gpu_names = {};\n",
                                 writer_.list(names_.names())));
    return writer_.finish();
  }

 private:
  void add_model(Row& row) {
    const std::string name = row.text("name");
    names_.add(row, name);
    const Names aliases = row.list("aliases");
    for (const std::string& alias : aliases)
      names_.add(row, alias);
    const auto memory = row.at("memory_gib").as<unsigned>();
    by_name_[name] = {models_.size(), memory};
    const Names classes{"datacenter", "professional", "geforce", "integrated", "jetson"};
    models_.push_back(fmt::format("{}, {}, {}, {}, {}, {}, {}, Gpu::Class::{}",
                                  literal(name),
                                  writer_.list(aliases),
                                  literal(row.text_or_null("nvml_name")),
                                  literal(row.text_or_null("product_label")),
                                  literal(row.text("architecture")),
                                  literal(row.text("compute_capability")),
                                  memory,
                                  row.one_of("class", classes)));
    row.skip({"memory_bandwidth_gbs",
              "brand",
              "forward_compat_eligible",
              "first_cuda",
              "last_cuda",
              "mig",
              "note",
              "unified_memory",
              "unverified",
              "unverified_fields"});
    row.finish();
  }

  void add_family(Row& row) {
    const std::string name = row.text("name");
    names_.add(row, name);
    std::optional<GpuRow> least;
    for (const std::string& model : row.list("models")) {
      const auto found = by_name_.find(model);
      if (found == by_name_.end()) reject(row.node(), "no model is called " + model);
      if (!least || found->second.memory_gib < least->memory_gib) least = found->second;
    }
    if (!least) reject(row.node(), "a family needs models");
    families_.push_back(fmt::format("{}, &gpus_rows[{}]", literal(name), least->index));
    row.finish();
  }

  void add_vendor(Row& row) {
    const std::string vendor = literal(row.text("vendor"));
    vendors_.push_back(fmt::format("{}, {}", vendor, writer_.list(row.list("begins"))));
    row.finish();
  }

  Writer writer_;
  Unique names_;
  std::map<std::string, GpuRow> by_name_;
  Names models_;
  Names families_;
  Names vendors_;
};

std::string compile_gpus(Row& root) {
  return GpuTable().compile(root);
}

std::string compile_runtimes(Row& root) {
  root.skip({"source", "retrieved"});
  Writer writer;
  Unique names;
  Names rows;
  for (Row& row : root.rows("runtimes")) {
    const std::string name = row.text("name");
    names.add(row, name);
    const Names aliases = row.list("aliases");
    for (const std::string& alias : aliases)
      names.add(row, alias);
    rows.push_back(fmt::format("{}, {}, ServingRuntime::NeedsGpu::{}, {}",
                               literal(name),
                               literal(row.text("title")),
                               row.one_of("gpu", {"required", "optional"}),
                               writer.list(aliases)));
    row.finish();
  }
  writer.array("ServingRuntime", "runtimes", rows);
  return writer.finish();
}

struct FamilyDefaults {
  std::string archives;
  std::string lists;
  std::string keyring_package;
};

// The members of Distribution in its order: what the family gives, around the row's own.
FamilyDefaults family_defaults(Row row, Writer& writer) {
  FamilyDefaults family;
  const std::string security = row.text("security_archive");
  family.archives = literal(security) + ", " + literal(row.text("main_archive"));
  const std::string components = writer.list(row.list("components"));
  const std::string keyrings = writer.list(row.list("keyrings"));
  const std::string package = literal(row.text("keyring_package"));
  const std::string always = writer.list(row.list("always_installed"));
  const std::string never = writer.list(row.list("never_installed"));
  family.lists = fmt::format("{}, {}, {}, {}, {}", components, keyrings, package, always, never);
  row.finish();
  return family;
}

std::string compile_distributions(Row& root) {
  root.skip({"source", "retrieved"});
  Writer writer;
  writer.constant(fmt::format("const std::string_view keyring_folder = {};\n",
                              literal(root.text("keyring_folder"))));
  Row defaults(root.at("defaults"));
  const std::map<std::string, FamilyDefaults> families{
      {"debian", family_defaults(Row(defaults.at("debian")), writer)},
      {"ubuntu", family_defaults(Row(defaults.at("ubuntu")), writer)}};
  defaults.finish();
  Unique names;
  Names rows;
  for (Row& row : root.rows("distributions")) {
    const std::string codename = row.text("codename");
    names.add(row, codename);
    const std::string family = row.one_of("family", {"debian", "ubuntu"});
    const FamilyDefaults& shared = families.at(family);
    rows.push_back(fmt::format("{}, {}, Distribution::Family::{}, {}, {}, {}, {}, {}",
                               literal(codename),
                               literal(row.text("version")),
                               family,
                               literal(row.text("release")),
                               literal(row.text("updates")),
                               literal(row.text("security")),
                               shared.archives,
                               shared.lists));
    row.finish();
  }
  writer.array("Distribution", "distributions", rows);
  return writer.finish();
}

std::string compile_registries(Row& root) {
  Writer writer;
  Unique names;
  Names rows;
  for (Row& row : root.rows("registries")) {
    const std::string name = row.text("name");
    names.add(row, name);
    const std::string hosts = writer.list(row.list("hosts"));
    const auto limit = row.at("largest_layer").as<std::uint64_t>();
    rows.push_back(fmt::format("{}, {}, {}", literal(name), hosts, limit));
    if (row.text("source").empty() || row.text("retrieved").empty()) {
      reject(row.node(), "a limit needs a source and a date");
    }
    row.finish();
  }
  writer.array("Registry", "registries", rows);
  return writer.finish();
}

std::string compile(std::string_view table, const fs::path& input) {
  Row root(YAML::Load(read_file(input, 1 << 20)));
  std::string text;
  if (table == "gpus") {
    text = compile_gpus(root);
  } else if (table == "runtimes") {
    text = compile_runtimes(root);
  } else if (table == "distributions") {
    text = compile_distributions(root);
  } else if (table == "registries") {
    text = compile_registries(root);
  } else {
    fail(Fault::usage, "no table is called {}", table);
  }
  root.finish();
  return text;
}

int run(std::span<char* const> arguments) {
  if (arguments.size() != 4) {
    std::fputs("usage: compile_tables TABLE INPUT OUTPUT\n", stderr);
    return 2;
  }
  try {
    write_file(arguments[3], compile(arguments[1], arguments[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", arguments[2], error.what());
    return 1;
  }
}

}  // namespace
}  // namespace mlpack

int main(int argc, char** argv) {
  return mlpack::run({argv, static_cast<std::size_t>(argc)});
}
