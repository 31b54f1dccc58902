#include "lib/spec/rules.h"

#include "lib/catalog/runtimes.h"
#include "lib/spec/patterns.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace mlpack::rules {
namespace {

using Kind = YamlNode::Kind;

const YamlNode* find(const YamlNode* map, std::string_view key) {
  return map == nullptr ? nullptr : map->find(key);
}

// The text of `key`; nullptr where there is none or it was wrong.
const std::string* text_of(const YamlNode* map, std::string_view key) {
  const YamlNode* const node = find(map, key);
  return node != nullptr && node->kind == Kind::scalar ? &node->text : nullptr;
}

bool has_items(const YamlNode* list) {
  return list != nullptr && !list->items.empty();
}

std::set<std::string> texts_of(const YamlNode* list) {
  std::set<std::string> texts;
  if (list == nullptr) return texts;
  for (const YamlNode& item : list->items) {
    if (item.kind == Kind::scalar) texts.insert(item.text);
  }
  return texts;
}

// Where each name of weights is given first. Names must differ: layers and `runtime` go by them.
std::map<std::string, Place> check_weights(const YamlNode* weights, Problems& problems) {
  std::map<std::string, Place> names;
  if (weights == nullptr) return names;
  for (const YamlNode& entry : weights->items) {
    const std::string* const source = text_of(&entry, "source");
    const YamlNode* const given = entry.find("name");
    if (given == nullptr && source == nullptr) continue;
    if (given != nullptr && given->kind != Kind::scalar) continue;
    const std::string name = given != nullptr ? given->text : default_weights_name(*source);
    const Place place = given != nullptr ? given->place : entry.find("source")->place;
    if (name.empty()) {
      problems.add(place,
                   fmt::format("no name can be made from the source `{}`", printable(*source)),
                   "give the weights a name: `name: base`");
      continue;
    }
    const auto [first, is_new] = names.emplace(name, place);
    if (!is_new) {
      problems.add(place,
                   fmt::format("two weights are called `{}`; the first are in line {}",
                               printable(name),
                               first->second.line),
                   given != nullptr ? "" : "give them a name of their own: `name: …`");
    }
  }
  return names;
}

void check_named(const YamlNode& node,
                 const std::map<std::string, Place>& names,
                 Problems& problems) {
  if (node.kind != Kind::scalar || names.count(node.text) > 0) return;
  const std::string message = fmt::format("no weights are called `{}`", printable(node.text));
  if (problems.is_full()) return problems.add(node.place, message);
  std::vector<std::string_view> known;
  known.reserve(names.size());
  for (const auto& [name, place] : names)
    known.push_back(name);
  const auto slip = did_you_mean(node.text, known);
  const std::string list = fmt::format("{}", fmt::join(known, ", "));
  problems.add(node.place,
               message,
               slip            ? fmt::format("did you mean `{}`?", *slip)
               : known.empty() ? "the spec has no `weights`"
                               : "there are: " + list);
}

void check_models(const YamlNode& runtime,
                  const std::map<std::string, Place>& names,
                  Problems& problems) {
  const YamlNode* const model = runtime.find("model");
  const YamlNode* const adapters = runtime.find("adapters");
  if (model != nullptr) check_named(*model, names, problems);
  if (adapters != nullptr) {
    for (const YamlNode& adapter : adapters->items)
      check_named(adapter, names, problems);
  }
  const std::set<std::string> adapter_names = texts_of(adapters);
  if (model != nullptr && model->kind == Kind::scalar && adapter_names.count(model->text) > 0) {
    problems.add(model->place,
                 fmt::format("`{}` is the model and an adapter", printable(model->text)));
  }
  if (model != nullptr) return;
  const auto candidates = std::count_if(names.begin(), names.end(), [&](const auto& name) {
    return adapter_names.count(name.first) == 0;
  });
  if (candidates > 1) {
    problems.add(runtime.place,
                 fmt::format("`runtime` must say which of the {} weights it serves", candidates),
                 "write `model: NAME` and, for LoRA adapters, `adapters: [NAME]`");
  }
}

bool needs_fleet(const ServingRuntime& runtime) {
  return runtime.gpu != ServingRuntime::NeedsGpu::optional;
}

void check_runtime(const YamlNode& root,
                   const std::map<std::string, Place>& names,
                   Problems& problems) {
  const YamlNode* const runtime = root.find("runtime");
  if (runtime == nullptr || runtime->kind == Kind::null) return;
  const bool short_form = runtime->kind == Kind::scalar;
  const std::string* const name = short_form ? &runtime->text : text_of(runtime, "name");
  const ServingRuntime* const row = name == nullptr ? nullptr : find_runtime(*name);
  if (row != nullptr && needs_fleet(*row) && root.find("fleet") == nullptr) {
    const bool has_other_builds = row->gpu == ServingRuntime::NeedsGpu::usual;
    problems.add(runtime->place,
                 fmt::format("{} needs a GPU, but the spec has no `fleet`", row->title),
                 has_other_builds
                     ? "say where it runs: `fleet: [L4]`, or `fleet: [cpu]` for its CPU build"
                     : "say where it runs, such as `fleet: [L4]`");
  }
  check_models(*runtime, names, problems);
  const YamlNode* const args = runtime->find("args");
  if (root.find("run") != nullptr && args != nullptr) {
    problems.add(args->place,
                 "`runtime.args` has no effect beside `run`, which replaces the runtime's command",
                 "write the arguments into `run`, or remove `run`");
  }
}

void check_python(const YamlNode* python, Problems& problems) {
  if (python == nullptr) return;
  const YamlNode* first = nullptr;
  std::string_view first_key;
  for (const YamlEntry& entry : python->entries) {
    if (entry.key != "requirements" && entry.key != "lock" && entry.key != "packages") continue;
    if (first != nullptr) {
      problems.add(
          entry.place,
          fmt::format("`python.{}` and `python.{}` exclude each other", first_key, entry.key),
          "keep the one that says most: lock, then requirements, then packages");
      continue;
    }
    first = &entry.value;
    first_key = entry.key;
  }
  const std::string* const requirements = text_of(python, "requirements");
  const bool has_project = python->find("lock") != nullptr ||
                           (requirements != nullptr && requirements->ends_with("pyproject.toml"));
  for (const std::string_view key : {"extras", "groups"}) {
    const YamlNode* const list = python->find(key);
    if (!has_items(list) || has_project) continue;
    problems.add(
        list->place,
        fmt::format("`python.{}` needs a `lock`, or a pyproject.toml as `requirements`", key));
  }
}

void check_ports(const YamlNode* ports, Problems& problems) {
  if (ports == nullptr) return;
  std::map<std::string, std::string> names;
  for (const YamlEntry& entry : ports->entries) {
    if (entry.value.kind != Kind::scalar) continue;
    const auto [first, is_new] = names.emplace(entry.value.text, entry.key);
    if (is_new) continue;
    problems.add(entry.value.place,
                 fmt::format("the ports `{}` and `{}` are both {}",
                             printable(first->second),
                             printable(entry.key),
                             entry.value.text));
  }
}

void check_secrets(const YamlNode& root, Problems& problems) {
  const YamlNode* const secrets = root.find("secrets");
  const YamlNode* const env = root.find("env");
  if (secrets == nullptr || env == nullptr) return;
  for (const YamlNode& secret : secrets->items) {
    if (secret.kind != Kind::scalar || env->find(secret.text) == nullptr) continue;
    problems.add(secret.place,
                 fmt::format("`{}` is in `secrets` and in `env`", secret.text),
                 "remove it from `env`: its value is given where the image runs");
  }
}

void check_scratch(const YamlNode& root, Problems& problems) {
  const std::string* const base = text_of(&root, "base");
  const YamlNode* const packages = root.find("system_packages");
  if (base == nullptr || *base != "scratch" || !has_items(packages)) return;
  problems.add(packages->place,
               "`system_packages` needs a distribution, and `base: scratch` has none",
               "write `base: {debian: bookworm}`");
}

bool is_weights_name(const std::string& name) {
  static const std::regex pattern(patterns::weights_name.begin(), patterns::weights_name.end());
  return name.size() <= 128 && std::regex_match(name, pattern);
}

}  // namespace

std::string default_weights_name(std::string_view source) {
  const std::size_t scheme = source.find("://");
  const bool is_remote = scheme != std::string_view::npos;
  std::string_view rest = is_remote ? source.substr(scheme + 3) : source;
  const std::string_view kind = is_remote ? source.substr(0, scheme) : std::string_view();
  if (kind == "https") rest = rest.substr(0, rest.find_first_of("?#"));
  if (kind == "hf" || kind == "oci") rest = rest.substr(0, rest.find('@'));
  while (rest.ends_with('/'))
    rest.remove_suffix(1);
  const std::size_t slash = rest.rfind('/');
  std::string_view last = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
  if (kind == "oci") last = last.substr(0, last.find(':'));
  std::string name(last);
  return is_weights_name(name) ? name : std::string();
}

void check(const YamlNode& root, Problems& problems) {
  const auto names = check_weights(root.find("weights"), problems);
  check_runtime(root, names, problems);
  check_python(root.find("python"), problems);
  check_ports(root.find("port"), problems);
  check_secrets(root, problems);
  check_scratch(root, problems);
}

std::string spec_schema() {
  std::vector<std::string> names;
  for (const ServingRuntime& row : serving_runtimes()) {
    if (needs_fleet(row)) names.push_back(fmt::format("\"{}\"", row.name));
  }
  const std::string gpu_runtime = fmt::format("{{\"enum\": [{}]}}", fmt::join(names, ", "));
  return R"([
    {"if": {"required": ["runtime"], "properties": {"runtime": {"anyOf": [)" +
         gpu_runtime + R"(, {"type": "object", "required": ["name"], "properties": {"name": )" +
         gpu_runtime + R"(}}]}}}, "then": {"required": ["fleet"]}},
    {"not": {"required": ["run", "runtime"],
             "properties": {"runtime": {"type": "object", "required": ["args"]}}}},
    {"not": {"required": ["base", "system_packages"],
             "properties": {"base": {"const": "scratch"}, "system_packages": {"minItems": 1}}}}
  ])";
}

std::string python_schema() {
  return R"([
    {"not": {"required": ["requirements", "lock"]}},
    {"not": {"required": ["requirements", "packages"]}},
    {"not": {"required": ["lock", "packages"]}},
    {"if": {"anyOf": [{"required": ["extras"], "properties": {"extras": {"minItems": 1}}},
                      {"required": ["groups"], "properties": {"groups": {"minItems": 1}}}]},
     "then": {"anyOf": [{"required": ["lock"]},
                        {"required": ["requirements"],
                         "properties": {"requirements": {"pattern": "pyproject\\.toml$"}}}]}}
  ])";
}

}  // namespace mlpack::rules
