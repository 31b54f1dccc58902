#include "lib/spec/fields.h"

#include "lib/spec/rules.h"

#include <array>

// The root of the table of everything that a spec may hold.
namespace mlpack {
namespace fields {
namespace {

constexpr ListType platforms_rule{.item = &one_platform, .minimum = 1, .unique = true};
constexpr Type platforms{.expected = "a platform such as `linux/amd64`, or a list of them",
                         .text = &platform_rule,
                         .list = &platforms_rule};

constexpr NumberType schema_rule{1, 1};
constexpr Type schema{.expected = "1, the only version there is", .number = &schema_rule};
constexpr TextType name_rule{.pattern = patterns::name};
constexpr Type name{
    .expected = "lower-case letters and digits, with single `.`, `_` or `-` between them",
    .text = &name_rule};
constexpr TextType image_rule{.pattern = patterns::repository,
                              .substitution = Substitution::replace,
                              .explain = explain::image};
constexpr Type image{.expected = "a repository such as `registry.example.com/team/name`",
                     .text = &image_rule};
constexpr TextType variable_rule{
    .may_be_empty = true, .as_written = true, .substitution = Substitution::literal};
constexpr Type variable{.expected = "text, a number or a boolean", .text = &variable_rule};
constexpr MapType variables_map{
    .key_pattern = patterns::variable,
    .key_expected = "letters, digits and `_`, not beginning with a digit",
    .value = &variable};
constexpr Type variables{.expected = "a map of names and values", .map = &variables_map};

constexpr std::array root_fields{
    Field{"schema", &schema, "Version of this format.", {}, Presence::required},
    Field{"name", &name, "Name of what is packaged.", {}, Presence::required},
    Field{"image", &image, "Repository that build and push use; no tag."},
    Field{"platform",
          &platforms,
          "Platforms to build for; default: what the fleet needs, else the host's."},
    Field{"variables", &variables, "Defaults for `${NAME}`; `--var NAME=VALUE` overrides them."},
    Field{"fleet", &fleet, "The machines that the image must run on; absent: a CPU image."},
    Field{"cuda", &cuda, "CUDA version; default: chosen by the resolver."},
    Field{"runtime", &runtime, "The runtime that serves; absent: `run` says what starts."},
    Field{"base", &base, "What the image is built on.", "\"auto\""},
    Field{"python", &python, "Python and its packages."},
    Field{"system_packages", &system_packages, "Packages of the distribution.", "[]"},
    Field{"weights", &weights, "Model weights.", "[]"},
    Field{"files", &files, "Files and folders of this machine.", "[]"},
    Field{"writable", &writable, "Empty folders that the user may write.", "[]"},
    Field{"entrypoint", &entrypoint, "Entrypoint in exec form; `[]` clears the base's."},
    Field{"run", &run, "What starts, in exec form; a string is run by /bin/sh -c."},
    Field{"workdir", &absolute_path, "Working directory."},
    Field{"port", &ports, "Ports that are listened on."},
    Field{"health", &health, "Paths that are asked over HTTP on the port `http`, else the first."},
    Field{"env", &env, "Environment variables; `${PATH}` is the base's value."},
    Field{"secrets",
          &secrets,
          "Names of environment variables that must be given at run time.",
          "[]"},
    Field{"user", &user, "User and group; default: the base's user if it is not root, else 65532."},
    Field{"labels", &labels, "Labels of the image."},
    Field{"resources", &resources, "What a container of the image needs."},
    Field{"layers", &layers, "How layers are cut and compressed."},
};

constexpr std::string_view no_build_steps =
    "nothing is run while an image is built: install with `python` and `system_packages`, copy "
    "with `files`";
constexpr std::string_view no_includes =
    "a spec is one file: write the keys out, and use `variables` with `--var` for what differs";
constexpr std::string_view no_services =
    "an image holds one service: write a spec for each, and run them together with compose";
constexpr std::string_view no_volumes =
    "volumes are given where the image runs; `writable` makes folders that the user may write";
constexpr std::string_view no_conda =
    "only Python wheels and the distribution's packages can be installed: `python`, "
    "`system_packages`";

constexpr std::string_view no_run_steps =
    "nothing is run while an image is built; `run`, in lower case, says what starts";

constexpr std::array root_refused{
    RefusedKey{"run", no_run_steps},
    RefusedKey{"build", no_build_steps},
    RefusedKey{"build_steps", no_build_steps},
    RefusedKey{"build_commands", no_build_steps},
    RefusedKey{"commands", no_build_steps},
    RefusedKey{"dockerfile", no_build_steps},
    RefusedKey{"run_commands", no_build_steps},
    RefusedKey{"setup", no_build_steps},
    RefusedKey{"steps", no_build_steps},
    RefusedKey{"include", no_includes},
    RefusedKey{"includes", no_includes},
    RefusedKey{"import", no_includes},
    RefusedKey{"extends", no_includes},
    RefusedKey{"services", no_services},
    RefusedKey{"volume", no_volumes},
    RefusedKey{"volumes", no_volumes},
    RefusedKey{"mounts", no_volumes},
    RefusedKey{"conda", no_conda},
    RefusedKey{"poetry", no_conda},
    RefusedKey{"apt", "write `system_packages`"},
    RefusedKey{"packages", "write `system_packages`, or `python: {packages: […]}`"},
    RefusedKey{"requirements", "write `python: {requirements: FILE}`"},
    RefusedKey{"python_version", "write `python: {version: \"3.12\"}`"},
    RefusedKey{"from", "write `base`"},
    RefusedKey{"base_image", "write `base`"},
    RefusedKey{"cmd", "write `run`"},
    RefusedKey{"command", "write `run`"},
    RefusedKey{"copy", "write `files`"},
    RefusedKey{"environment", "write `env`"},
    RefusedKey{"expose", "write `port`"},
    RefusedKey{"gpu", "write `fleet: [GPU]`"},
    RefusedKey{"gpus", "write `fleet: [GPU]`"},
    RefusedKey{"healthcheck", "write `health`"},
    RefusedKey{"model", "write `weights: [{source: …}]`"},
    RefusedKey{"tag", "give it when you build: `-t :TAG`"},
    RefusedKey{"tags", "give them when you build: `-t :TAG`"},
    RefusedKey{"version",
               "the version of the format is `schema`; a version of yours is a tag: `-t :TAG`"},
};
constexpr ObjectType root_object{
    .fields = root_fields, .refused = root_refused, .rules = rules::spec_schema};
constexpr Type root{.expected = "a map of keys", .object = &root_object};

}  // namespace
}  // namespace fields

const Type& spec_type() {
  return fields::root;
}

}  // namespace mlpack
