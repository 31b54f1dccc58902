#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

namespace {

// A server with a model of a family that writes text.
struct FormatImage : TestImage {
  explicit FormatImage(std::vector<std::string> words) {
    add("usr/bin/" + words.front(), program({"libc.so.6"}));
    config.cmd = std::move(words);
  }
  void weights(const std::string& path) {
    FileFacts file;
    file.path = path;
    file.mode = 0644;
    file.size = 1000;
    top.files.push_back(std::move(file));
  }
  void model(const std::string& architecture,
             FileContent::ChatTemplate chat_template,
             const std::string& more = "") {
    text("models/m/config.json",
         R"({"model_type": "x", "architectures": [")" + architecture + "\"]" + more + "}");
    add_content("models/m/tokenizer_config.json").chat_template = chat_template;
  }
};

std::vector<std::string> vllm(const std::string& model) {
  return {"vllm", "serve", model, "--host", "0.0.0.0"};
}

using ChatTemplate = FileContent::ChatTemplate;

}  // namespace

TEST_CASE("a model without a chat template is told where the server has an endpoint for chats") {
  FormatImage image(vllm("/models/m"));
  image.model("LlamaForCausalLM", ChatTemplate::absent);
  const Finding found = image.only();
  CHECK(found.id == "chat-template-missing");
  CHECK(found.level == Finding::Level::info);
  CHECK(found.what ==
        "`/models/m/tokenizer_config.json` has no chat template, and nothing else of "
        "the model has one");
  FormatImage other = image;
  other.weights("models/m/chat_template.jinja");
  CHECK(other.ids() == Ids{});
  FormatImage mistral = image;
  mistral.weights("models/m/tekken.json");
  CHECK(mistral.ids() == Ids{});
  FormatImage said = image;
  said.config.cmd.push_back("--chat-template=/models/chat.jinja");
  CHECK(said.ids() == Ids{});
}

TEST_CASE("nothing is said of models that have one, are not for chat, or were not read") {
  FormatImage has(vllm("/models/m"));
  has.model("LlamaForCausalLM", ChatTemplate::present);
  CHECK(has.ids() == Ids{});
  FormatImage embeds(vllm("/models/m"));
  embeds.model("BertModel", ChatTemplate::absent);
  CHECK(embeds.ids() == Ids{});
  FormatImage unread(vllm("/models/m"));
  unread.model("LlamaForCausalLM", ChatTemplate::unknown);
  CHECK(unread.ids() == Ids{});
  FormatImage whisper(vllm("/models/m"));
  whisper.model(
      "WhisperForConditionalGeneration", ChatTemplate::absent, R"(, "is_encoder_decoder": true)");
  CHECK(whisper.ids() == Ids{});
}

TEST_CASE("nothing is said of a chat template where the server is not for chats") {
  using Words = std::vector<std::string>;
  const auto ids_with = [](Words command, const Words& more) {
    command.insert(command.end(), more.begin(), more.end());
    FormatImage image(std::move(command));
    image.model("LlamaForCausalLM", ChatTemplate::absent);
    return image.ids();
  };
  const Ids told{"info chat-template-missing"};
  CHECK(ids_with(vllm("/models/m"), {"--task", "generate"}) == told);
  CHECK(ids_with(vllm("/models/m"), {"--convert=auto"}) == told);
  CHECK(ids_with(vllm("/models/m"), {"--task", "embed"}) == Ids{});
  CHECK(ids_with(vllm("/models/m"), {"--convert=embed"}) == Ids{});
  const Words sglang{
      "python3", "-m", "sglang.launch_server", "--model-path=/models/m", "--host", "0.0.0.0"};
  CHECK(ids_with(sglang, {}) == told);
  CHECK(ids_with(sglang, {"--is-embedding"}) == Ids{});
}

TEST_CASE("the chat template of a draft is nobody's") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--speculative-draft-model-path", "/models/m"},
        {"--speculative-model=/models/m"}}) {
    std::vector<std::string> command = vllm("/models/served");
    command.insert(command.end(), words.begin(), words.end());
    FormatImage image(std::move(command));
    image.model("LlamaForCausalLM", ChatTemplate::absent);
    image.weights("models/served/model.safetensors");
    CHECK(image.ids() == Ids{});
  }
  FormatImage named({"vllm", "serve", "--host", "0.0.0.0", "--model", "/models/m"});
  named.model("LlamaForCausalLM", ChatTemplate::absent);
  CHECK(named.ids() == Ids{"info chat-template-missing"});
}

TEST_CASE("vLLM reads GGUF by way of trial, and its shards; SGLang reads one file") {
  FormatImage one(vllm("/models/m.gguf"));
  one.weights("models/m.gguf");
  CHECK(one.only().what == "vLLM is given `/models/m.gguf`");
  CHECK(one.ids() == Ids{"warning gguf-experimental"});
  FormatImage shards(vllm("/models/m-00001-of-00002.gguf"));
  shards.weights("models/m-00001-of-00002.gguf");
  shards.weights("models/m-00002-of-00002.gguf");
  CHECK(shards.ids() == Ids{"warning gguf-experimental"});
  CHECK(shards.only().why ==
        "it reads GGUF by way of trial, more slowly, not of all families, and its older releases "
        "read no shards");
  shards.config.cmd = {"python3",
                       "-m",
                       "sglang.launch_server",
                       "--model-path",
                       "/models/m-00001-of-00002.gguf",
                       "--host",
                       "0.0.0.0"};
  shards.add("usr/bin/python3", program({"libc.so.6"}));
  CHECK(shards.ids() == Ids{"error gguf-in-shards"});
  FormatImage set_of_one(vllm("/models/m-00001-of-00001.gguf"));
  set_of_one.weights("models/m-00001-of-00001.gguf");
  CHECK(set_of_one.ids() == Ids{"warning gguf-experimental"});
}

TEST_CASE("servers that read no GGUF are told from those that have something else, too") {
  FormatImage tgi({"text-generation-launcher", "--model-id", "/models/m", "--hostname", "0.0.0.0"});
  tgi.weights("models/m/m.gguf");
  CHECK(tgi.ids() == Ids{"error gguf-unread"});
  tgi.weights("models/m/model.safetensors");
  CHECK(tgi.ids() == Ids{});
  FormatImage triton({"tritonserver", "--model-repository=/models"});
  triton.weights("models/m/1/m.gguf");
  CHECK(triton.only().what ==
        "Triton Inference Server is given `/models/m/1/m.gguf`, and reads no "
        "GGUF");
  triton.weights("models/m/1/model.py");
  CHECK(triton.ids() == Ids{});
}

TEST_CASE("llama.cpp reads files in GGUF and nothing else") {
  FormatImage image({"llama-server", "-m", "/models/m", "--host", "0.0.0.0"});
  image.weights("models/m/model.safetensors");
  CHECK(image.only().what == "llama.cpp is given `/models/m`, which is no file in GGUF");
  image.config.cmd[2] = "/models/m/model.safetensors";
  CHECK(image.ids() == Ids{"error gguf-needed"});
  image.weights("models/m/m.gguf");
  image.config.cmd[2] = "/models/m/m.gguf";
  CHECK(image.ids() == Ids{});
  // Ollama's blobs have no suffix, and what is not in the image may be mounted.
  image.weights("models/blobs/sha256-12");
  image.config.cmd[2] = "/models/blobs/sha256-12";
  CHECK(image.ids() == Ids{});
  image.config.cmd[2] = "/elsewhere/m";
  CHECK(image.ids() == Ids{});
}
