#include "cli/commands.h"
#include "lib/file.h"
#include "lib/spec/problems.h"
#include "lib/spec/spec.h"
#include "lib/text.h"
#include "tests/unit/cli/app_run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

// What the README and the examples tell people to type must be there.
using namespace mlpack;
using namespace mlpack::test;

namespace {

std::string source_text(const std::string& file) {
  return read_file(fs::path(MLPACK_SOURCE_DIR) / file, 1 << 20);
}

// The text of the first block of `kind` (```kind … ```).
std::string block_of(const std::string& page, const std::string& kind) {
  const std::string fence = "```" + kind + "\n";
  const std::size_t begin = page.find(fence) + fence.size();
  return page.substr(begin, page.find("```", begin) - begin);
}

// The words after every `mlpack ` that begins a line, a prompt or quoted code.
std::vector<std::vector<std::string>> calls_in(const std::string& page) {
  std::vector<std::vector<std::string>> calls;
  for (std::size_t at = page.find("mlpack "); at != std::string::npos;
       at = page.find("mlpack ", at + 1)) {
    const bool is_typed = at == 0 || page[at - 1] == '\n' || page[at - 1] == '`' ||
                          page.substr(0, at).ends_with("$ ");
    if (is_typed)
      calls.push_back(words_of(page.substr(at + 7, page.find_first_of("\n`", at) - at - 7)));
  }
  return calls;
}

bool is_word(const std::string& word) {
  return word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
}

bool has_option(const CommandInfo& info, const std::string& name) {
  return std::any_of(info.options.begin(), info.options.end(), [&](const ArgumentInfo& option) {
    const auto names = split(option.names, ',');
    return std::any_of(names.begin(), names.end(), [&](auto each) { return trim(each) == name; });
  });
}

// The command `word` of `info`, or null.
const CommandInfo* child_of(const CommandInfo& info, const std::string& word) {
  const std::string name = info.name.empty() ? word : info.name + " " + word;
  const auto found = std::find_if(info.commands.begin(),
                                  info.commands.end(),
                                  [&](const CommandInfo& c) { return c.name == name; });
  return found == info.commands.end() ? nullptr : &*found;
}

// The first word that mlpack does not know where it stands; empty: it knows all.
std::string unknown_word(const std::vector<std::string>& words) {
  const CommandInfo root = command_info();
  const CommandInfo* info = &root;
  for (const std::string& word : words) {
    const bool is_option = word.starts_with('-');
    if (is_option && !has_option(*info, word) && !has_option(root, word)) return word;
    if (is_option || info->commands.empty() || !is_word(word)) continue;
    info = child_of(*info, word);
    if (info == nullptr) return word;
  }
  return {};
}

std::vector<std::string> unknown_words(const std::string& page) {
  std::vector<std::string> unknown;
  for (const auto& words : calls_in(page)) {
    const std::string word = unknown_word(words);
    if (!word.empty()) unknown.push_back(word + " of " + join(words, " "));
  }
  return unknown;
}

}  // namespace

TEST_CASE("every command of the README and the examples exists with its options") {
  for (const char* page : {"README.md",
                           "examples/digits/README.md",
                           "examples/embed/README.md",
                           "examples/fastapi/README.md",
                           "examples/hello-scratch/README.md",
                           "examples/multi-platform/README.md",
                           "examples/runtimes/README.md"}) {
    CHECK(join(unknown_words(source_text(page)), "\n") == "");
  }
  CHECK(calls_in(source_text("README.md")).size() >= 5);
  CHECK(unknown_words("$ mlpack biuld\n`mlpack store ls --frob`") ==
        std::vector<std::string>{"biuld of biuld", "--frob of store ls --frob"});
}

TEST_CASE("the spec of the README is a good one") {
  CHECK(parse_spec(block_of(source_text("README.md"), "yaml"), "mlpack.yaml").name == "digits");
}

TEST_CASE("the broken spec of the README is told about as the README says") {
  const std::string readme = source_text("README.md");
  const std::string text =
      "schema: 1\nname: digits\nbase: scratch\nwigths: []\npython: {version: 3.10}\n";
  try {
    parse_spec(text, "mlpack.yaml");
    FAIL("no error");
  } catch (const Error& error) {
    std::string shown;
    for (const Where& where : error.where())
      shown += format_problem(where, text) + "\n";
    CAPTURE(shown);
    CHECK(readme.find("$ mlpack build\n" + shown + "error: " + error.what() + "\n```") !=
          std::string::npos);
  }
}
