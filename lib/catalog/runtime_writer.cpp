#include "lib/catalog/runtime_writer.h"

#include "lib/catalog/compat_columns.h"
#include "lib/catalog/version.h"
#include "lib/date.h"
#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

using Texts = std::vector<std::string>;

// The text of `key`, or nothing.
std::string optional_text(TemplateMap& map, const std::string& key) {
  return cpp_literal(map.has(key) ? map.text(key) : std::string());
}

std::string optional_number(TemplateMap& map, const std::string& key) {
  return std::to_string(map.has(key) ? map.number(key) : 0);
}

std::string member(std::string_view type, const std::string& value) {
  return fmt::format("{}::{}", type, value);
}

std::string brace(const Texts& values) {
  return "{" + join(values, ", ") + "}";
}

// A flag, `positional` or the name of a variable; all but a flag may be said of `model` alone.
void check_place(const TemplateMap& map, const std::string& text) {
  const bool is_flag = text.starts_with("-");
  const bool is_name =
      !text.empty() &&
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == std::string::npos;
  if (text.empty() || is_flag || is_name || text == "positional") return;
  reject(map.node(), fmt::format("`{}` is no flag and no variable", text));
}

std::string place(TemplateMap& map, const std::string& key) {
  const std::string text = map.has(key) ? map.text(key) : std::string();
  check_place(map, text);
  return cpp_literal(text);
}

std::string config_of(TemplateMap& root) {
  if (!root.has("config")) return "{RuntimeConfig::Use::none, \"\"}";
  TemplateMap map(root.at("config"));
  std::string use;
  std::string name;
  if (map.has("flag")) {
    use = "flag";
    name = map.text("flag");
  } else if (map.has("beside_model")) {
    use = "beside_model";
    name = map.text("beside_model");
  } else {
    use = map.has("positional") ? "positional" : "modelfile";
    map.one_of(use, {"true"});
  }
  map.finish();
  return brace({member("RuntimeConfig::Use", use), cpp_literal(name)});
}

std::string application_of(TemplateMap& root, const std::string& serves) {
  if (root.has("application") != (serves == "application")) {
    reject(root.node(), "`application` says what a runtime starts that serves one");
  }
  if (!root.has("application")) return "\"\", \"\"";
  TemplateMap map(root.at("application"));
  std::string text = cpp_literal(map.text("key")) + ", " + cpp_literal(map.text("default"));
  map.finish();
  return text;
}

std::string health_of(TemplateMap& root) {
  TemplateMap map(root.at("health"));
  const Texts paths{cpp_literal(map.text("readiness")), cpp_literal(map.text("liveness"))};
  const std::uint64_t seconds = map.number("startup");
  map.finish();
  return fmt::format("{}, {}", join(paths, ", "), seconds);
}

std::string capability_of(TemplateMap& root) {
  const std::string key = "min_compute_capability";
  if (!root.has(key)) return cpp_literal("");
  const std::string text = root.text(key);
  if (!Version::parse(text)) reject(root.node(), key + " must be a version");
  return cpp_literal(text);
}

}  // namespace

std::string RuntimeWriter::words(TemplateMap& map, const std::string& key) {
  return map.has(key) ? writer_.list(map.list(key)) : "{}";
}

std::string RuntimeWriter::lists_of_words(TemplateMap& root, const std::string& key) {
  if (!root.has(key)) return "{}";
  Texts lists;
  for (const TemplateNode& item : root.at(key).items)
    lists.push_back(writer_.list(item.texts()));
  return writer_.list("ServingRuntime::Flag", lists);
}

void RuntimeWriter::add_name(const TemplateMap& root, const std::string& name) {
  if (name.empty() || !names_.insert(name).second) {
    reject(root.node(), fmt::format("`{}` is empty or is there twice", name));
  }
}

std::string RuntimeWriter::images(TemplateMap& root) {
  Texts rows;
  for (TemplateMap& row : root.rows("images")) {
    rows.push_back(
        "RuntimeImage" +
        brace({member("RuntimeImage::For", row.one_of("for", {"cuda", "cpu", "both", "any"})),
               cpp_literal(row.text("image")),
               optional_text(row, "cuda"),
               optional_text(row, "compute_capability"),
               optional_text(row, "arch"),
               words(row, "tag_ends")}));
    row.finish();
  }
  return writer_.list("RuntimeImage", rows);
}

std::string RuntimeWriter::forms(TemplateMap& root) {
  Texts rows;
  for (TemplateMap& row : root.rows("forms")) {
    rows.push_back("RuntimeForm" + brace({writer_.list(row.list("program")), place(row, "model")}));
    row.finish();
  }
  if (rows.empty()) reject(root.node(), "a runtime needs a form");
  return writer_.list("RuntimeForm", rows);
}

std::string RuntimeWriter::ports(TemplateMap& root) {
  Texts rows;
  port_names_.clear();
  for (TemplateMap& row : root.rows("ports")) {
    const std::string name = row.text("name");
    if (!port_names_.insert(name).second) reject(row.node(), "two ports are called " + name);
    const std::string said =
        row.has("said") ? row.one_of("said", {"always", "changed"}) : "changed";
    rows.push_back("RuntimePort" + brace({cpp_literal(name),
                                          std::to_string(row.number("number")),
                                          optional_number(row, "unprivileged"),
                                          place(row, "flag"),
                                          member("RuntimePort::Said", said)}));
    row.finish();
  }
  if (rows.empty()) reject(root.node(), "a runtime needs a port");
  return writer_.list("RuntimePort", rows);
}

std::string RuntimeWriter::adapters(TemplateMap& root) {
  if (!root.has("adapters")) return "{}";
  TemplateMap map(root.at("adapters"));
  const std::string form = map.one_of("form", {"pairs", "joined", "list", "folder"});
  const std::string ranks =
      map.has("ranks") ? writer_.list("unsigned", map.list("ranks")) : std::string("{}");
  const std::string text = brace({member("RuntimeAdapters::Form", form),
                                  place(map, "flag"),
                                  place(map, "enable"),
                                  place(map, "rank"),
                                  optional_number(map, "default_rank"),
                                  ranks});
  map.finish();
  return text;
}

std::string RuntimeWriter::args(TemplateMap& root) {
  TemplateMap map(root.at("args"));
  const std::string form = map.one_of("form", {"flags", "environment", "passthrough"});
  const std::string lists =
      map.has("lists") ? map.one_of("lists", {"words", "repeat", "comma"}) : "comma";
  if (map.has("variable") != (form != "flags")) {
    reject(map.node(), "a variable belongs to every form but flags");
  }
  const std::string text = brace({member("RuntimeArgsForm::Form", form),
                                  member("RuntimeArgsForm::Lists", lists),
                                  cpp_literal(map.has("joint") ? map.text("joint") : " "),
                                  optional_text(map, "on"),
                                  optional_text(map, "variable"),
                                  words(map, "short")});
  map.finish();
  return text;
}

std::string RuntimeWriter::memory(TemplateMap& root) {
  if (!root.has("memory")) return "{}";
  TemplateMap map(root.at("memory"));
  const std::string longer = map.has("longer")
                                 ? map.one_of("longer", {"kept", "shortened", "limited", "refused"})
                                 : "kept";
  const std::string bfloat16 =
      map.has("bfloat16") ? map.one_of("bfloat16", {"needed", "replaced"}) : "unknown";
  const std::string text = brace({member("RuntimeMemory::Longer", longer),
                                  words(map, "longer_with"),
                                  member("RuntimeMemory::Bfloat16", bfloat16),
                                  optional_text(map, "half_since"),
                                  place(map, "share"),
                                  place(map, "static_share"),
                                  place(map, "dtype"),
                                  optional_number(map, "auto_bytes"),
                                  place(map, "quantisation"),
                                  place(map, "offload"),
                                  place(map, "cache_bytes"),
                                  place(map, "cache_blocks"),
                                  place(map, "block_tokens"),
                                  place(map, "cache_tokens"),
                                  place(map, "cache_share")});
  map.finish();
  return text;
}

std::string RuntimeWriter::env(TemplateMap& root) {
  const TemplateNode& node = root.at("env");
  TemplateMap map(node);
  Texts rows;
  for (const std::string& name : node.keys) {
    rows.push_back("RuntimeVariable" + brace({cpp_literal(name), cpp_literal(map.text(name))}));
  }
  map.finish();
  return writer_.list("RuntimeVariable", rows);
}

std::string RuntimeWriter::notes(TemplateMap& root) {
  if (!root.has("notes")) return "{}";
  Texts rows;
  for (TemplateMap& row : root.rows("notes")) {
    const std::string when = row.one_of(
        "when", {"always", "not_root", "own_command", "several_gpus", "fixed_port", "vllm_port"});
    rows.push_back("RuntimeNote" + brace({member("RuntimeNote::When", when),
                                          cpp_literal(row.text("what")),
                                          cpp_literal(row.text("why")),
                                          cpp_literal(row.text("fix"))}));
    row.finish();
  }
  return writer_.list("RuntimeNote", rows);
}

std::string RuntimeWriter::shm(TemplateMap& root) {
  if (!root.has("shm")) return "\"\", \"\"";
  TemplateMap map(root.at("shm"));
  const std::string one = optional_text(map, "one_gpu");
  const std::string several = optional_text(map, "several_gpus");
  map.finish();
  return one + ", " + several;
}

// From `tensor_parallel` to `elsewhere`.
std::string RuntimeWriter::parallel(TemplateMap& root) {
  const bool divides = root.has("tensor_parallel");
  Texts flags{place(root, "tensor_parallel")};
  for (const std::string key : {"pipeline_parallel",
                                "context_parallel",
                                "data_parallel",
                                "local_data_parallel",
                                "attention_data_parallel",
                                "machines"}) {
    if (root.has(key) && !divides) {
      reject(root.node(), fmt::format("`{}` wants `tensor_parallel`", key));
    }
    flags.push_back(place(root, key));
  }
  flags.push_back(words(root, "elsewhere"));
  return join(flags, ", ");
}

// From `readiness` on.
std::string RuntimeWriter::process(TemplateMap& root) {
  const std::string health = health_of(root);
  std::string metrics = "\"\", \"\"";
  if (root.has("metrics")) {
    TemplateMap map(root.at("metrics"));
    const std::string port = map.text("port");
    if (!port_names_.contains(port)) reject(map.node(), "no port is called " + port);
    metrics = cpp_literal(port) + ", " + cpp_literal(map.text("path"));
    map.finish();
  }
  const std::string variables = env(root);
  const std::string folders = words(root, "writable");
  return join(Texts{health,
                    metrics,
                    variables,
                    folders,
                    shm(root),
                    cpp_literal(root.text("stop_signal")),
                    optional_text(root, "user"),
                    words(root, "packages"),
                    notes(root),
                    optional_text(root, "compat_switch")},
              ", ");
}

void RuntimeWriter::add(const TemplateNode& file) {
  TemplateMap root(file);
  const std::string name = root.text("name");
  add_name(root, name);
  const Texts aliases = root.list("aliases");
  for (const std::string& alias : aliases)
    add_name(root, alias);
  const std::string retrieved = root.text("retrieved");
  if (!parse_date(retrieved)) reject(file, "retrieved must be a date");
  const Texts sources = root.list("source");
  if (sources.empty()) reject(file, "a runtime needs a source");
  root.skip({"unverified"});
  const std::string serves =
      root.one_of("serves", {"folder", "sentences", "gguf", "repository", "store", "application"});
  Texts row{
      cpp_literal(name),
      cpp_literal(root.text("title")),
      member("ServingRuntime::NeedsGpu", root.one_of("gpu", {"required", "usual", "optional"})),
      capability_of(root),
      writer_.list(aliases),
      member("ServingRuntime::Status",
             root.one_of("status", {"active", "maintenance", "unmaintained"})),
      writer_.list(sources),
      cpp_literal(retrieved),
      images(root),
      optional_text(root, "python"),
      forms(root),
      member("ServingRuntime::Serves", serves),
      place(root, "served_name"),
      words(root, "host"),
      ports(root)};
  for (std::string& part : Texts{lists_of_words(root, "flags"),
                                 parallel(root),
                                 place(root, "context"),
                                 memory(root),
                                 place(root, "projector"),
                                 adapters(root),
                                 args(root),
                                 words(root, "reserved"),
                                 lists_of_words(root, "same"),
                                 application_of(root, serves),
                                 config_of(root),
                                 process(root)}) {
    row.push_back(std::move(part));
  }
  root.finish();
  rows_.push_back(join(row, ", "));
}

std::string RuntimeWriter::finish() {
  writer_.array("ServingRuntime", "runtimes_rows", rows_);
  writer_.span_of("ServingRuntime", "runtimes");
  return writer_.finish();
}

}  // namespace mlpack
