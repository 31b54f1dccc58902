#include "layers/deb_plan_text.h"

#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

constexpr std::string_view first_line = "debian plan 1";

std::optional<DebPackage> parse_package(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 6) return std::nullopt;
  const auto size = parse_number(words[3], std::uint64_t{1} << 40);
  const auto digest = Digest::from_hex(words[4]);
  if (!size || !digest) return std::nullopt;
  return DebPackage{std::string(words[0]),
                    std::string(words[1]),
                    std::string(words[2]),
                    *size,
                    *digest,
                    std::string(words[5])};
}

}  // namespace

std::string write_plan(const DebianPlan& plan) {
  std::string text =
      fmt::format("{}\n{}\n{}\n{}\n", first_line, plan.codename, plan.platform.text(), plan.mirror);
  for (const DebPackage& package : plan.packages) {
    text += fmt::format("{} {} {} {} {} {}\n",
                        package.name,
                        package.version,
                        package.architecture,
                        package.size,
                        package.sha256.hex(),
                        package.url);
  }
  return text;
}

std::optional<DebianPlan> parse_plan(std::string_view text) {
  const auto lines = split(text, '\n');
  if (lines.size() < 5 || lines[0] != first_line || !lines.back().empty()) return std::nullopt;
  const auto platform = Platform::parse(lines[2]);
  if (!platform) return std::nullopt;
  DebianPlan plan{std::string(lines[1]), *platform, std::string(lines[3]), {}};
  for (std::size_t i = 4; i + 1 < lines.size(); ++i) {
    auto package = parse_package(lines[i]);
    if (!package) return std::nullopt;
    plan.packages.push_back(std::move(*package));
  }
  return plan;
}

}  // namespace mlpack
