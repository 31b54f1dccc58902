#include "lib/catalog/catalog.h"
#include "lib/catalog/runtimes.h"
#include "lib/spec/explain.h"
#include "lib/spec/fields.h"
#include "lib/spec/patterns.h"

#include <array>

// The machines, and what serves on them.
namespace mlpack::fields {
namespace {

using Names = std::vector<std::string_view>;

constexpr TextType version_rule{.pattern = patterns::version};
constexpr Type version{.expected = "a quoted version such as \"0.11.0\"", .text = &version_rule};

Names gpu_choices(const Catalog& catalog) {
  return catalog.gpu_names();
}
Names fleet_choices(const Catalog& catalog) {
  Names names = gpu_choices(catalog);
  names.emplace_back("cpu");
  return names;
}
constexpr TextType fleet_rule{
    .choices = fleet_choices, .counted = true, .explain_choice = explain::gpu};
constexpr TextType gpu_rule{.choices = gpu_choices, .explain_choice = explain::gpu};
constexpr Type gpu{.expected = "the name of an NVIDIA GPU such as `L4`", .text = &gpu_rule};
constexpr NumberType count_rule{1, 999};
constexpr Type count{.expected = "a number from 1 to 999", .number = &count_rule};
constexpr TextType driver_rule{.pattern = patterns::driver};
constexpr Type driver{.expected = "a quoted driver version such as \"535.183.01\"",
                      .text = &driver_rule};
constexpr std::array fleet_row_fields{
    Field{"gpu", &gpu, "Model, alias or family of the GPU.", {}, Presence::required},
    Field{"count", &count, "GPUs per container.", "1"},
    Field{"driver",
          &driver,
          "Oldest driver of this group; where a branch alone (\"535\") is too little "
          "to decide, a warning says so. Without it no promise is made."},
};
constexpr std::array fleet_row_refused{
    RefusedKey{"name", "write `gpu: NAME`"},
    RefusedKey{"memory", "the catalogue knows the memory of each GPU"},
};
constexpr ObjectType fleet_row_object{.fields = fleet_row_fields, .refused = fleet_row_refused};
constexpr Type fleet_row{.expected = "`GPU`, `GPU:COUNT`, `cpu` or a map with `gpu`",
                         .text = &fleet_rule,
                         .object = &fleet_row_object};
constexpr ListType fleet_list{.item = &fleet_row, .minimum = 1};
}  // namespace

constexpr Type fleet{.expected = "a list of machines such as `[L4, \"H100:2\", cpu]`",
                     .list = &fleet_list};

namespace {

constexpr TextType cuda_rule{.pattern = patterns::cuda};
}  // namespace

constexpr Type cuda{.expected = "a quoted version, \"MAJOR.MINOR\"", .text = &cuda_rule};

namespace {

Names runtime_choices(const Catalog& /*catalog*/) {
  Names names;
  for (const ServingRuntime& row : serving_runtimes())
    names.push_back(row.name);
  return names;
}
constexpr TextType runtime_rule{.choices = runtime_choices, .explain = explain::runtime};
constexpr Type runtime_name{.expected = "the name of a runtime", .text = &runtime_rule};
constexpr TextType name_of_weights_rule{.pattern = patterns::weights_name};
constexpr Type name_of_weights{.expected = "a name that `weights` has",
                               .text = &name_of_weights_rule};
constexpr ListType adapters_rule{.item = &name_of_weights, .unique = true};
constexpr Type adapters{.expected = "a list of names that `weights` has", .list = &adapters_rule};
constexpr Type argument{.expected = "a value", .anything = true};
constexpr MapType arguments_map{.key_pattern = patterns::argument,
                                .key_expected = "a flag without its leading dashes",
                                .value = &argument};
constexpr Type runtime_args{.expected = "a map of flags and values, or a list of arguments",
                            .list = &arguments_rule,
                            .map = &arguments_map};
constexpr std::array runtime_fields{
    Field{"name", &runtime_name, "Which runtime serves.", {}, Presence::required},
    Field{"version", &version, "Version of the runtime; default: the newest that fits."},
    Field{"model", &name_of_weights, "Name of the weights to serve, where there are several."},
    Field{"adapters", &adapters, "Names of the weights that are LoRA adapters.", "[]"},
    Field{"args",
          &runtime_args,
          "Flags: true is `--key`, false and null leave it out; a list is taken verbatim."},
    Field{"config", &local_path, "The runtime's own configuration file."},
};
constexpr ObjectType runtime_object{.fields = runtime_fields};
}  // namespace

constexpr Type runtime{.expected = "the name of a runtime, or a map with `name`",
                       .text = &runtime_rule,
                       .object = &runtime_object};

}  // namespace mlpack::fields
