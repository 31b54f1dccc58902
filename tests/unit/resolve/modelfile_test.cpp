#include "lib/resolve/modelfile.h"

#include "lib/error.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

using Blobs = std::vector<std::pair<std::string, std::string>>;

// `LINE: MESSAGE | HINT`.
std::string modelfile_refusal(const std::string& text) {
  try {
    parse_modelfile(text, "Modelfile");
  } catch (const Error& error) {
    return std::to_string(error.where().at(0).line) + ": " + error.what() + " | " + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a Modelfile becomes blobs in Ollama's order") {
  const Modelfile file = parse_modelfile(
      "# comment\nFROM ./x.gguf\nparameter temperature 0.7\nPARAMETER stop \"<|end|>\"\n"
      "PARAMETER stop </s>\nPARAMETER num_ctx 4096\nPARAMETER use_mmap false\n"
      "TEMPLATE \"\"\"{{ .System }}\n{{ .Prompt }}\"\"\"\nSYSTEM \"say \"hi\" to all\"\n"
      "LICENSE one\nLICENSE two\nMESSAGE user hello there\nREQUIRES 0.14.0\n",
      "Modelfile");
  CHECK(file.from == "./x.gguf");
  CHECK(file.requires_release == "0.14.0");
  CHECK(blobs_of(file) ==
        Blobs{{"template", "{{ .System }}\n{{ .Prompt }}"},
              {"system", "say \"hi\" to all"},
              {"license", "one"},
              {"license", "two"},
              {"params",
               "{\"num_ctx\":4096,\"stop\":[\"<|end|>\",\"</s>\"],\"temperature\":0.7,"
               "\"use_mmap\":false}"},
              {"messages", "[{\"content\":\"hello there\",\"role\":\"user\"}]"}});
}

TEST_CASE("what is wrong in a Modelfile is said with its line") {
  CHECK(modelfile_refusal("FROM x\nRUN ls\n") ==
        "2: `run` is no instruction of a Modelfile | there are: FROM, PARAMETER, TEMPLATE, SYSTEM, "
        "LICENSE, MESSAGE, REQUIRES, RENDERER, PARSER");
  CHECK(modelfile_refusal("PARAMETER num_ctxt 1\n") ==
        "1: Ollama has no parameter `num_ctxt` | did you mean `num_ctx`?");
  CHECK(modelfile_refusal("PARAMETER num_ctx many\n") ==
        "1: the parameter `num_ctx` cannot be `many` | write a number, or for `use_mmap` true or "
        "false");
  CHECK(modelfile_refusal("\n\nTEMPLATE \"\"\"a\nb") ==
        "3: no \"\"\" ends the value | close the quotes");
  CHECK(modelfile_refusal("MESSAGE robot hi\n") ==
        "1: `robot` is no role | write `system`, `user` or `assistant`");
  CHECK(modelfile_refusal("ADAPTER ./a.gguf\n") ==
        "1: adapter cannot be packaged | Ollama takes adapters no more: merge it into the model");
  CHECK(modelfile_refusal("SYSTEM \xff\n") == "1: the Modelfile is not UTF-8 | save it as UTF-8");
  CHECK(modelfile_refusal("") == "no error");
}
