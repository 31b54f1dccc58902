#include "lib/catalog/gpu_names.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

namespace mlpack {
namespace {

using Texts = std::vector<std::string>;

struct GpuMemory {
  std::size_t index;  // of the row
  std::uint64_t gib;
};

class GpuNames {
 public:
  explicit GpuNames(TableWriter& writer) : writer_(writer) {}

  void add_model(TemplateMap& row, std::size_t index) {
    const std::string name = row.text("name");
    add_name(row, name);
    for (const std::string& alias : row.list("aliases"))
      add_name(row, alias);
    memory_[name] = {index, row.number("memory_gib")};
  }

  void add_family(TemplateMap& row) {
    const std::string name = row.text("name");
    add_name(row, name);
    std::optional<GpuMemory> least;
    for (const std::string& model : row.list("models")) {
      const auto found = memory_.find(model);
      if (found == memory_.end()) reject(row.node(), "no model is called " + model);
      if (!least || found->second.gib < least->gib) least = found->second;
    }
    if (!least) reject(row.node(), "a family needs models");
    families_.push_back(fmt::format("{}, &gpus_rows[{}]", cpp_literal(name), least->index));
    row.finish();
  }

  void add_vendor(TemplateMap& row) {
    const std::string vendor = cpp_literal(row.text("vendor"));
    vendors_.push_back(fmt::format("{}, {}", vendor, writer_.list(row.list("begins"))));
    row.finish();
  }

  void finish() {
    writer_.array("GpuFamily", "gpu_families_rows", families_);
    writer_.span_of("GpuFamily", "gpu_families");
    writer_.array("OtherVendor", "other_vendors_rows", vendors_);
    writer_.span_of("OtherVendor", "other_vendors");
    writer_.constant(fmt::format("const std::span<const std::string_view> gpu_names = {};\n",
                                 writer_.list(names_)));
  }

 private:
  // `fleet` writes NAME:COUNT.
  void add_name(const TemplateMap& row, const std::string& name) {
    if (name.empty() || name.find(':') != std::string::npos || !seen_.insert(name).second) {
      reject(row.node(), fmt::format("`{}` is empty, holds a colon or is there twice", name));
    }
    names_.push_back(name);
  }

  TableWriter& writer_;
  std::set<std::string> seen_;
  Texts names_;
  std::map<std::string, GpuMemory> memory_;
  Texts families_;
  Texts vendors_;
};

}  // namespace

void write_gpu_names(const TemplateNode& file, TableWriter& writer) {
  TemplateMap root(file);
  GpuNames names(writer);
  TemplateMap models(root.at("gpus"));
  std::size_t index = 0;
  for (TemplateMap& row : models.rows("rows"))
    names.add_model(row, index++);
  TemplateMap families(root.at("families"));
  for (TemplateMap& row : families.rows("rows"))
    names.add_family(row);
  families.finish();
  TemplateMap others(root.at("other_vendors"));
  for (TemplateMap& row : others.rows("rows"))
    names.add_vendor(row);
  others.finish();
  names.finish();
}

}  // namespace mlpack
