#include "lib/spec/explain.h"
#include "lib/spec/fields.h"
#include "lib/spec/patterns.h"

#include <array>

// What runs in it, and how it is reached.
namespace mlpack::fields {
namespace {

constexpr ListType command_rule{.item = &literal_text, .minimum = 1};
constexpr TextType user_rule{.pattern = patterns::user, .quoting = Quoting::digits};
}  // namespace

constexpr Type user{.expected = "a quoted user such as \"65532:65532\", or a name of the base's",
                    .text = &user_rule};

constexpr Type entrypoint{.expected = "a list of arguments", .list = &arguments_rule};

namespace {

constexpr TextType run_rule{.substitution = Substitution::literal};
}  // namespace

constexpr Type run{.expected = "a list of arguments, or a line for /bin/sh",
                   .text = &run_rule,
                   .list = &command_rule};

namespace {

constexpr NumberType port_rule{1, 65535};
constexpr Type port{.expected = "a number from 1 to 65535", .number = &port_rule};
constexpr ListType port_list{.item = &port, .minimum = 1, .unique = true};
constexpr MapType port_map{.key_pattern = patterns::port_name,
                           .key_expected = "at most 15 lower-case letters, digits and `-`",
                           .value = &port,
                           .minimum = 1};
}  // namespace

constexpr Type ports{.expected = "a number from 1 to 65535, a list, or a map of names and numbers",
                     .number = &port_rule,
                     .list = &port_list,
                     .map = &port_map};

namespace {

constexpr TextType http_path_rule{.pattern = patterns::http_path};
constexpr Type http_path{.expected = "a path such as `/healthz`", .text = &http_path_rule};
constexpr TextType duration_rule{.pattern = patterns::duration};
constexpr Type duration{.expected = "a duration such as `90s`, `30m` or `1h`",
                        .text = &duration_rule};
constexpr std::array health_fields{
    Field{"readiness", &http_path, "Path that answers when requests can be served."},
    Field{"liveness", &http_path, "Path that answers while the process lives."},
    Field{"startup", &duration, "How long the start may take."},
};
constexpr ObjectType health_object{.fields = health_fields};
}  // namespace

constexpr Type health{
    .expected = "a path such as `/healthz`, or a map of `readiness`, `liveness` and `startup`",
    .text = &http_path_rule,
    .object = &health_object};

namespace {

constexpr TextType env_rule{.may_be_empty = true,
                            .as_written = true,
                            .substitution = Substitution::env,
                            .echo = Echo::hidden};
constexpr Type env_value{.expected = "text, a number or a boolean; `\"\"` for an empty one",
                         .text = &env_rule};
constexpr MapType env_map{.key_pattern = patterns::variable,
                          .key_expected = "letters, digits and `_`, not beginning with a digit",
                          .value = &env_value,
                          .secrets = Secrets::refused};
}  // namespace

constexpr Type env{.expected = "a map of names and values", .map = &env_map};

namespace {

constexpr TextType label_rule{
    .may_be_empty = true, .as_written = true, .substitution = Substitution::replace};
constexpr Type label{.expected = "text, a number or a boolean", .text = &label_rule};
constexpr MapType labels_map{.key_pattern = patterns::label,
                             .key_expected = "text without spaces and `=`",
                             .value = &label,
                             .secrets = Secrets::refused};
}  // namespace

constexpr Type labels{.expected = "a map of names and values", .map = &labels_map};

namespace {

constexpr TextType secret_rule{
    .pattern = patterns::variable, .echo = Echo::hidden, .explain = explain::secret_name};
constexpr Type secret{.expected = "the name of an environment variable", .text = &secret_rule};
constexpr ListType secrets_rule{.item = &secret, .unique = true};
}  // namespace

constexpr Type secrets{.expected = "a list of names of environment variables, without values",
                       .list = &secrets_rule};

namespace {

constexpr TextType cpu_rule{.pattern = patterns::cpu, .as_written = true};
constexpr Type cpu{.expected = "a number of processors such as \"4\", \"0.5\" or \"500m\"",
                   .text = &cpu_rule};
constexpr TextType memory_rule{.pattern = patterns::memory};
constexpr Type memory{.expected = "a size with its unit such as `32Gi`", .text = &memory_rule};
constexpr std::array resources_fields{
    Field{"cpu", &cpu, "Processors."},
    Field{"memory", &memory, "Main memory."},
    Field{"shm", &memory, "Shared memory, /dev/shm."},
};
constexpr std::array resources_refused{
    RefusedKey{"gpu", "write `fleet: [GPU:COUNT]`"},
    RefusedKey{"gpus", "write `fleet: [GPU:COUNT]`"},
    RefusedKey{"limits", "write cpu, memory and shm directly"},
};
constexpr ObjectType resources_object{.fields = resources_fields, .refused = resources_refused};
}  // namespace

constexpr Type resources{.expected = "a map of `cpu`, `memory` and `shm`",
                         .object = &resources_object};

namespace {

constexpr TextType layer_size_rule{.pattern = patterns::layer_size};
constexpr Type layer_size{.expected = "a size of 1 MB or more such as `5GiB`",
                          .text = &layer_size_rule};
constexpr std::array layers_fields{
    Field{"compression", &compression, "Of everything but weights.", "\"zstd\""},
    Field{"max_size",
          &layer_size,
          "No layer grows past it where files can be told apart.",
          "\"5GiB\""},
};
constexpr ObjectType layers_object{.fields = layers_fields};
}  // namespace

constexpr Type layers{.expected = "a map of `compression` and `max_size`",
                      .object = &layers_object};

}  // namespace mlpack::fields
