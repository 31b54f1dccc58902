#include "cli/commands.h"
#include "lib/file.h"
#include "lib/text.h"

#include <doctest/doctest.h>

using namespace mlpack;

namespace {

// `store ls` is explained in mlpack-store(1).
std::string page_of(const CommandInfo& info) {
  if (info.name.empty()) return "mlpack";
  return "mlpack-" + info.name.substr(0, info.name.find(' '));
}

std::string page_text(const std::string& page) {
  const fs::path path = fs::path(MLPACK_SOURCE_DIR) / "man" / (page + ".1.scd");
  return read_file_if_exists(path, 1 << 20).value_or("");
}

// An option as scdoc has it: `*-t*, *--tag* _REF_`.
std::string heading_of(const ArgumentInfo& option) {
  std::string text;
  for (const std::string_view name : split(option.names, ',')) {
    text += std::string(text.empty() ? "" : ", ") + "*" + std::string(trim(name)) + "*";
  }
  return option.value.empty() ? text : text + " _" + option.value + "_";
}

// The lines of `page` that explain an option.
std::vector<std::string> headings_in(const std::string& page) {
  std::vector<std::string> headings;
  const std::string text = page_text(page);
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("*-")) headings.emplace_back(line);
  }
  return headings;
}

void collect(const CommandInfo& info, std::vector<std::string>& headings) {
  for (const ArgumentInfo& option : info.options)
    headings.push_back(heading_of(option));
  for (const CommandInfo& command : info.commands)
    collect(command, headings);
}

}  // namespace

TEST_CASE("every command has a man page with its options in the order of --help") {
  for (const CommandInfo& command : command_info().commands) {
    const std::string page = page_of(command);
    CHECK_MESSAGE(!page_text(page).empty(), page);
    std::vector<std::string> wanted;
    collect(command, wanted);
    CHECK_MESSAGE(headings_in(page) == wanted, page);
  }
}

TEST_CASE("mlpack(1) lists the options of every command, and the commands") {
  const CommandInfo root = command_info();
  std::vector<std::string> wanted;
  for (const ArgumentInfo& option : root.options)
    wanted.push_back(heading_of(option));
  CHECK(headings_in("mlpack") == wanted);
  for (const CommandInfo& command : root.commands) {
    CHECK_MESSAGE(page_text("mlpack").find("*mlpack-" + command.name + "*(1)") != std::string::npos,
                  command.name);
  }
}
