#include "cli/help.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;

constexpr std::size_t page_width = 80;
constexpr std::size_t widest_left = 24;

// `text` in lines of at most `width` columns, those after the first indented by `indent`.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string page;
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    if (column > 0 && column + 1 + word.size() > width - indent) {
      page += "\n" + std::string(indent, ' ');
      column = 0;
    }
    if (column > 0) page += ' ';
    column += word.size() + (column > 0 ? 1 : 0);
    page += word;
  }
  return page;
}

struct Row {
  std::string left;
  std::string right;
};

std::string table(const std::string& title, const std::vector<Row>& rows) {
  if (rows.empty()) return "";
  std::size_t width = 0;
  for (const Row& row : rows)
    width = std::max(width, std::min(row.left.size(), widest_left));
  std::string text = "\n" + title + ":\n";
  const std::size_t indent = width + 4;
  for (const Row& row : rows) {
    text += fmt::format("  {:<{}}", row.left, width);
    text += row.left.size() > width ? "\n" + std::string(indent, ' ') : "  ";
    text += wrapped(row.right, indent, page_width) + "\n";
  }
  return text;
}

std::string placeholder(const ArgumentInfo& info) {
  switch (info.count) {
    case Count::required:
      return info.names;
    case Count::optional:
      return fmt::format("[{}]", info.names);
    case Count::any:
      return fmt::format("[{}]...", info.names);
    case Count::at_least_one:
      return info.names + "...";
  }
  return {};
}

std::vector<Row> option_rows(const std::vector<ArgumentInfo>& options) {
  std::vector<Row> rows;
  for (const ArgumentInfo& option : options) {
    const bool has_short = option.names.size() > 1 && option.names[1] != '-';
    const std::string value = option.value.empty() ? "" : " " + option.value;
    rows.push_back({(has_short ? "" : "    ") + option.names + value, option.help});
  }
  return rows;
}

std::vector<Row> command_rows(const std::vector<CommandInfo>& commands) {
  std::vector<Row> rows;
  for (const CommandInfo& command : commands) {
    rows.push_back({command.name, command.summary});
  }
  return rows;
}

}  // namespace

std::string usage_line(const CommandInfo& info) {
  std::string line = info.name.empty() ? "mlpack" : "mlpack " + info.name;
  if (!info.commands.empty()) return line + " COMMAND";
  if (!info.options.empty()) line += " [OPTIONS]";
  for (const ArgumentInfo& argument : info.positionals)
    line += " " + placeholder(argument);
  return line;
}

std::string help_text(const CommandInfo& info) {
  std::string text = fmt::format("{}\n\nUsage: {}\n", info.summary, usage_line(info));
  for (const std::string_view paragraph : split(info.details, '\n')) {
    if (!paragraph.empty()) text += "\n" + wrapped(paragraph, 0, page_width) + "\n";
  }
  std::vector<Row> arguments;
  for (const ArgumentInfo& argument : info.positionals) {
    arguments.push_back({argument.names, argument.help});
  }
  text += table("Commands", command_rows(info.commands));
  text += table("Arguments", arguments);
  text += table("Options", option_rows(info.options));
  if (info.name.empty()) return text + "\n`mlpack help COMMAND` says more about a command.\n";
  return text + "\nOptions of every command are listed by `mlpack --help`.\n";
}

}  // namespace mlpack
