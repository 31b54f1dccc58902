#include "lib/catalog/catalog.h"
#include "lib/spec/decode.h"
#include "lib/spec/patterns.h"
#include "lib/spec/problems.h"
#include "lib/spec/rules.h"
#include "lib/spec/secrets.h"
#include "lib/spec/spec.h"
#include "lib/spec/validate.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>

namespace mlpack {
namespace {

constexpr std::uint64_t max_size = std::uint64_t{1} << 20;
constexpr std::string_view usual_platform = "linux/amd64";

std::string no_such_variable(const std::string& name, const Variables& known) {
  std::vector<std::string_view> names;
  for (const auto& [variable, value] : known)
    names.push_back(variable);
  const auto slip = did_you_mean(name, names);
  return slip ? fmt::format("did you mean `{}`?", *slip)
              : fmt::format("add it to the spec: `variables: {{{}: DEFAULT}}`",
                            printable(mask_secrets(name)));
}

// The defaults of the file under what the command line says.
Variables variables_of(const YamlNode& root, const SpecOptions& options, const fs::path& file) {
  Variables variables;
  const YamlNode* const declared = root.find("variables");
  if (declared != nullptr) {
    for (const YamlEntry& entry : declared->entries)
      variables[entry.key] = entry.value.text;
  }
  for (const auto& [name, value] : options.variables) {
    const auto known = variables.find(name);
    if (known == variables.end()) {
      throw Error(
          Fault::usage,
          fmt::format(
              "`--var {}` names no variable of `{}`", printable(mask_secrets(name)), file.string()),
          no_such_variable(name, variables));
    }
    known->second = value;
  }
  return variables;
}

// The rules of `labels` in the file.
void check_label(const NamedText& label) {
  static const std::regex key(patterns::label.begin(), patterns::label.end());
  const std::string shown = printable(mask_secrets(label.first)).substr(0, 60);
  if (label.first.size() > 1024 || !std::regex_match(label.first, key)) {
    throw Error(Fault::usage,
                fmt::format("the key `{}` of `--label` must be text without spaces and `=`", shown),
                "write `--label KEY=VALUE`");
  }
  if (!is_utf8(label.second)) {
    fail(Fault::usage, "the value of `--label {}` is not UTF-8", shown);
  }
  if (looks_like_secret(label.first, label.second)) {
    throw Error(Fault::usage,
                fmt::format("`--label {}` looks like a secret, and whoever can pull an image can "
                            "read it",
                            shown),
                "name it in `secrets`, and give its value where the image runs");
  }
}

void add_labels(Spec& spec, const SpecOptions& options) {
  for (const NamedText& given : options.labels) {
    check_label(given);
    const auto known = std::find_if(spec.labels.begin(), spec.labels.end(), [&](const auto& label) {
      return label.first == given.first;
    });
    if (known != spec.labels.end()) {
      known->second = given.second;
    } else {
      spec.labels.push_back(given);
    }
  }
}

void replace_platforms(Spec& spec, const SpecOptions& options) {
  if (options.platforms.empty()) return;
  spec.platforms.clear();
  for (const std::string& text : options.platforms) {
    const auto platform = Platform::parse(text);
    if (!platform) {
      throw Error(Fault::usage,
                  fmt::format("`--platform {}` is no platform", printable(text)),
                  "write `linux/amd64` or `linux/arm64`");
    }
    const auto is_same = [&](const auto& other) { return other.value == *platform; };
    if (std::any_of(spec.platforms.begin(), spec.platforms.end(), is_same)) {
      throw Error(Fault::usage,
                  fmt::format("`--platform {}` is given twice", platform->text()),
                  "give each platform once");
    }
    spec.platforms.push_back({*platform, {}});
  }
}

// Where a GPU is one module with its processor, that decides. Other GPUs beside it are in machines
// of the usual kind.
void take_platforms_of_fleet(Spec& spec, const Catalog& catalog) {
  std::map<Platform, Place> needed;
  std::optional<Place> usual;
  for (const auto& [row, place] : spec.fleet) {
    const auto match = row.is_cpu() ? std::nullopt : catalog.find_gpu(row.gpu);
    if (!match) continue;
    const GpuProcessor* const known = catalog.find_gpu_processor(match->gpu->name);
    if (known == nullptr && !usual) usual = place;
    if (known != nullptr) {
      needed.emplace(*Platform::parse(fmt::format("linux/{}", known->architecture)), place);
    }
  }
  if (needed.empty()) return;
  if (usual) needed.emplace(*Platform::parse(usual_platform), *usual);
  spec.platforms_from = Spec::PlatformsFrom::fleet;
  for (const auto& [platform, place] : needed)
    spec.platforms.push_back({platform, place});
}

void check_word(const std::string& word, std::string_view key) {
  if (!has_secret_shape(word)) return;
  throw Error(Fault::usage,
              fmt::format("`{}` holds what looks like a secret, and whoever can pull an image can "
                          "read it",
                          key),
              "name it in `secrets`, and let the program read it from its environment");
}

// What is started is written into the image's configuration.
void check_commands(const Spec& spec) {
  for (const std::string& word : spec.run.value_or(std::vector<std::string>()))
    check_word(word, "run");
  for (const std::string& word : spec.entrypoint.value_or(std::vector<std::string>()))
    check_word(word, "entrypoint");
  if (!spec.runtime) return;
  for (const RuntimeArg& arg : spec.runtime->value.args) {
    check_word(arg.text, "runtime.args");
    for (const std::string& item : arg.items)
      check_word(item, "runtime.args");
  }
  for (const std::string& word : spec.runtime->value.plain_args)
    check_word(word, "runtime.args");
}

// Looked at before it is read: a wrong name on the command line may be that of a file of weights.
void check_size(const fs::path& file) {
  std::error_code unknown;
  const std::uint64_t size = fs::file_size(file, unknown);
  if (unknown || size <= max_size) return;
  throw Error(Fault::usage,
              fmt::format("`{}` is larger than 1 MiB, the most that a spec may have",
                          printable(file.string())),
              "a spec names its files in `weights` and `files`, it does not hold them");
}

}  // namespace

std::string EnvVariable::value(std::string_view base_path) const {
  return join(pieces, base_path);
}

Spec parse_spec(std::string_view text, const fs::path& file, const SpecOptions& options) {
  Problems problems(file.string());
  YamlNode root = parse_yaml(text, problems);
  if (root.kind == YamlNode::Kind::null) {
    problems.fatal({1, 1}, "the spec is empty", "begin with `schema: 1` and `name: NAME`");
  }
  const Catalog& catalog = options.catalog == nullptr ? Catalog::built_in() : *options.catalog;
  validate(root, spec_type(), variables_of(root, options, file), catalog, problems);
  rules::check(root, problems);
  problems.raise_if_any();
  Spec spec = decode(root, file);
  check_commands(spec);
  add_labels(spec, options);
  replace_platforms(spec, options);
  if (spec.platforms.empty()) take_platforms_of_fleet(spec, catalog);
  // An index has its images in one order, however they were asked for.
  std::sort(spec.platforms.begin(), spec.platforms.end(), [](const auto& left, const auto& right) {
    return left.value < right.value;
  });
  return spec;
}

fs::path spec_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? path / "mlpack.yaml" : path;
}

Spec load_spec(const fs::path& path, const SpecOptions& options) {
  const fs::path file = spec_file(path);
  check_size(file);
  return parse_spec(read_file(file, max_size), file, options);
}

}  // namespace mlpack
