#include "lib/check/check.h"
#include "lib/check/server.h"
#include "lib/model/config.h"
#include "lib/model/damage.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

using Level = Finding::Level;

// Runtimes that read GGUF as it is, and those that read nothing else (their documentation). vLLM
// finds the other shards beside the one that it is given (its pull request 36965).
constexpr std::string_view reads_one_gguf = "sglang";
constexpr std::string_view reads_gguf_alone = "llamacpp";
constexpr std::string_view experimental_gguf = "vllm";
constexpr std::array<std::string_view, 4> reads_no_gguf{"tei", "tensorrt_llm", "tgi", "triton"};

// Servers that answer /v1/chat/completions from a folder in transformers' form, and what else of
// their words may bring a template or do without one.
constexpr std::array<std::string_view, 4> chat_servers{"sglang", "tensorrt_llm", "tgi", "vllm"};
constexpr std::array<std::string_view, 8> template_flags{"--chat-template",
                                                         "--completion-template",
                                                         "--config",
                                                         "--tokenizer",
                                                         "--tokenizer-config-path",
                                                         "--tokenizer-mode",
                                                         "--tokenizer-path",
                                                         "--runner"};
constexpr std::array<std::string_view, 2> template_files{"chat_template.jinja",
                                                         "chat_template.json"};
constexpr std::array<std::string_view, 2> model_flags{"-m", "--model"};
constexpr std::array<std::string_view, 3> folder_flags{"--model", "--model-id", "--model-path"};
// What a server is for, where that is not to write text, and the values with which it may be.
constexpr std::string_view embedding_flag = "--is-embedding";
constexpr std::array<std::string_view, 2> task_flags{"--convert", "--task"};
constexpr std::array<std::string_view, 3> writing_tasks{"auto", "generate", "none"};

template <class Names>
bool is_among(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_gguf_name(std::string_view path) {
  return to_lower(path).ends_with(".gguf");
}

bool has_suffix(std::string_view path, std::initializer_list<std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return path.ends_with(suffix);
  });
}

std::string_view name_of_file(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// `model-00001-of-00003.gguf`; a set of one is one file.
bool is_gguf_shard(std::string_view path) {
  const std::size_t of = path.rfind("-of-");
  if (of == std::string_view::npos || of < 5) return false;
  const auto number = parse_number(path.substr(of - 5, 5), 99999);
  const auto total = parse_number(path.substr(of + 4, path.size() - of - 9), 99999);
  return number && total && *total > 1;
}

/// Whether a server can read the model that it is given, and chat with it.
class FormatCheck {
 public:
  explicit FormatCheck(const CheckInput& input)
      : input_(input), server_(started_server(input.config)) {}

  Findings run() {
    if (server_.runtime == nullptr) return {};
    const std::string_view runtime = server_.runtime->name;
    for (const std::string& path : served_paths()) {
      if (runtime == reads_one_gguf) check_one_gguf(path);
      if (runtime == experimental_gguf) warn_of_gguf(path);
      if (is_among(runtime, reads_no_gguf)) check_no_gguf(path);
    }
    if (is_among(runtime, chat_servers)) {
      if (const auto folder = served_folder()) check_chat(*folder);
    }
    if (runtime == reads_gguf_alone) check_gguf_alone();
    return std::move(findings_);
  }

 private:
  // What words of the command lead to: files, and folders.
  std::set<std::string> served_paths() const {
    std::set<std::string> paths;
    for (const std::string& word : server_.words) {
      const std::size_t slash = word.find('/');
      const bool is_path = slash == 0 || (slash != std::string::npos && word[slash - 1] == '=');
      if (!is_path || &word == &server_.words.front()) continue;
      const auto real = input_.files.real_path(std::string_view(word).substr(slash));
      if (real) paths.insert(*real);
    }
    return paths;
  }

  // The model itself: not that of a draft, of a tokenizer, or an adapter.
  std::optional<std::string> served_folder() const {
    if (const auto said = server_.value_of(folder_flags)) return folder_at(*said);
    for (std::size_t i = 1; i < server_.words.size(); ++i) {
      if (server_.words[i - 1].starts_with('-')) continue;
      if (auto folder = folder_at(server_.words[i])) return folder;
    }
    return std::nullopt;
  }

  std::optional<std::string> folder_at(const std::string& word) const {
    if (!word.starts_with('/')) return std::nullopt;
    auto real = input_.files.real_path(word);
    return real && input_.files.is_folder(*real) ? std::move(real) : std::nullopt;
  }

  void check_one_gguf(const std::string& path) {
    if (input_.files.is_folder(path) || !is_gguf_name(path) || !is_gguf_shard(path)) return;
    Finding& finding = add_finding(findings_, "gguf-in-shards", Level::error, path);
    finding.what = fmt::format("`/{}` is one of several shards", printable(path));
    finding.why = fmt::format("{} reads GGUF of one file alone", server_.runtime->title);
    finding.fix =
        "merge them with `llama-gguf-split --merge`, serve them with llama.cpp, or package the "
        "model in safetensors";
  }

  void warn_of_gguf(const std::string& path) {
    if (input_.files.is_folder(path) || !is_gguf_name(path)) return;
    Finding& finding = add_finding(findings_, "gguf-experimental", Level::warning, path);
    finding.what = fmt::format("{} is given `/{}`", server_.runtime->title, printable(path));
    finding.why = is_gguf_shard(path)
                      ? "it reads GGUF by way of trial, more slowly, not of all families, and its "
                        "older releases read no shards"
                      : "it reads GGUF by way of trial, more slowly, and not of all families";
    finding.fix =
        "serve it with llama.cpp, or package the model in safetensors; else name the folder of "
        "its own tokenizer with `--tokenizer`, and try it";
  }

  // Files below a folder, which is real, whose names end like that.
  const FileFacts* below(const std::string& folder,
                         std::initializer_list<std::string_view> suffixes) const {
    const std::string begin = folder + "/";
    const auto& all = input_.files.all();
    for (auto at = all.lower_bound(begin); at != all.end() && at->first.starts_with(begin); ++at)
      if (has_suffix(at->first, suffixes)) return &at->second;
    return nullptr;
  }

  void check_no_gguf(const std::string& path) {
    std::string file = path;
    if (input_.files.is_folder(path)) {
      const FileFacts* const found = below(path, {".gguf"});
      // Code in Python may read whatever it likes.
      const FileFacts* const other = below(
          path,
          {".bin", ".engine", ".graphdef", ".onnx", ".pb", ".plan", ".pt", ".py", ".safetensors"});
      if (found == nullptr || other != nullptr) return;
      file = found->path;
    } else if (!is_gguf_name(path)) {
      return;
    }
    Finding& finding = add_finding(findings_, "gguf-unread", Level::error, file);
    finding.what = fmt::format(
        "{} is given `/{}`, and reads no GGUF", server_.runtime->title, printable(file));
    finding.why = "it does not start, or has no model";
    finding.fix =
        "serve it with llama.cpp or Ollama, or package the model in the form that this server "
        "reads";
  }

  void check_gguf_alone() {
    const auto model = server_.value_of(model_flags);
    const auto real = model ? input_.files.real_path(*model) : std::nullopt;
    if (!real || !model->starts_with('/')) return;
    const bool is_other =
        input_.files.is_folder(*real) ||
        has_suffix(to_lower(*real), {".bin", ".onnx", ".pt", ".pth", ".safetensors"});
    if (!is_other) return;
    Finding& finding = add_finding(findings_, "gguf-needed", Level::error, *real);
    finding.what = fmt::format(
        "{} is given `/{}`, which is no file in GGUF", server_.runtime->title, printable(*real));
    finding.why = "it reads nothing else";
    finding.fix =
        "name the file in GGUF, of several shards the first; `convert_hf_to_gguf.py` of llama.cpp "
        "makes one of other forms";
  }

  bool generates_text(const std::string& folder) const {
    const FileFacts* const config = input_.files.file(folder + "/config.json");
    if (config == nullptr || !config->content) return false;
    try {
      const ModelConfig model = read_model_config(TextReadAt(config->content->text));
      return !model.is_encoder_decoder &&
             has_suffix(model.architecture,
                        {"ForCausalLM", "ForConditionalGeneration", "LMHeadModel"});
    } catch (const Damage&) {
      return false;
    }
  }

  bool is_told_another_task() const {
    const auto task = server_.value_of(task_flags);
    return server_.says(embedding_flag) || (task && !is_among(*task, writing_tasks));
  }

  // Mistral's own tokenizers know how to chat.
  bool has_other_template(const std::string& folder) const {
    for (const FileFacts* file : input_.files.children(folder)) {
      const std::string_view name = name_of_file(file->path);
      if (is_among(name, template_files) || name == "tekken.json" ||
          name.starts_with("tokenizer.model.v")) {
        return true;
      }
    }
    return input_.files.is_folder(folder + "/additional_chat_templates");
  }

  void check_chat(const std::string& folder) {
    if (!generates_text(folder) || has_other_template(folder)) return;
    if (server_.value_of(template_flags) || is_told_another_task()) return;
    const FileFacts* const tokenizer = input_.files.file(folder + "/tokenizer_config.json");
    const bool lacks = tokenizer != nullptr && tokenizer->content &&
                       tokenizer->content->chat_template == FileContent::ChatTemplate::absent;
    if (!lacks) return;
    Finding& finding =
        add_finding(findings_, "chat-template-missing", Level::info, tokenizer->path);
    finding.what = fmt::format("`/{}` has no chat template, and nothing else of the model has one",
                               printable(tokenizer->path));
    finding.why = fmt::format(
        "{} answers /v1/chat/completions with an error, or with a form that "
        "the model was not trained with",
        server_.runtime->title);
    finding.fix =
        "add the chat_template.jinja of the model, or name one with the server's flag; a model "
        "that is not for chat needs none";
  }

  const CheckInput& input_;
  StartedServer server_;
  Findings findings_;
};

}  // namespace

Findings check_format(const CheckInput& input) {
  return FormatCheck(input).run();
}

}  // namespace mlpack
