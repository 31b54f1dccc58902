#include "lib/model/secret_files.h"

#include "lib/model/cursor.h"
#include "lib/model/folder.h"
#include "lib/model/tokens.h"
#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t largest_part = std::uint64_t{64} << 10;
constexpr std::uint64_t largest_text = std::uint64_t{1} << 20;

constexpr std::array token_names{
    "token"sv, ".token"sv, "token.txt"sv, "hf_token"sv, ".hf_token"sv, "hf_token.txt"sv};
constexpr std::array password_names{".netrc"sv, "_netrc"sv, "netrc"sv};
constexpr std::array key_suffixes{".pem"sv, ".key"sv, ".p8"sv, "id_rsa"sv, "id_ed25519"sv};

bool is_any(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool ends_in_any(std::string_view name, const auto& suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return name.ends_with(suffix);
  });
}

bool is_word(std::string_view text) {
  return text.size() >= 8 && text.find_first_of(" \t\r\n{") == std::string_view::npos;
}

std::string_view without_quotes(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                      (value.front() == '"' || value.front() == '\'');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

bool is_secret_line(std::string_view line) {
  line = trim(line);
  if (line.starts_with("export ")) line = trim(line.substr(7));
  const std::size_t equals = line.find('=');
  if (line.starts_with('#') || equals == std::string_view::npos) return false;
  return looks_like_secret(trim(line.substr(0, equals)),
                           without_quotes(trim(line.substr(equals + 1))));
}

bool has_secret_line(std::string_view text) {
  const auto lines = split(text, '\n');
  return std::any_of(lines.begin(), lines.end(), is_secret_line);
}

using Test = bool (*)(std::string_view text);

struct Kind {
  std::string_view what;
  Test holds;
};

// What a file of that name would hold; nullopt for all others.
std::optional<Kind> kind_of(std::string_view name) {
  if (is_any(name, token_names)) {
    return Kind{"a token", [](std::string_view text) { return is_word(trim(text)); }};
  }
  if (is_any(name, password_names)) {
    return Kind{"a password", [](std::string_view text) {
                  return text.find("password") != std::string_view::npos;
                }};
  }
  if (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) {
    return Kind{"a secret", has_secret_line};
  }
  if (ends_in_any(name, key_suffixes)) {
    return Kind{"a private key", [](std::string_view text) {
                  return text.find("PRIVATE KEY-----") != std::string_view::npos;
                }};
  }
  if (name == "stored_tokens" || name.find("credentials") != std::string_view::npos) {
    return Kind{"a secret", [](std::string_view text) {
                  return has_secret_shape(text) || has_secret_line(text) ||
                         text.find("PRIVATE KEY-----") != std::string_view::npos;
                }};
  }
  return std::nullopt;
}

ModelProblem problem_of(const ModelFile& file, std::string_view what) {
  return ModelProblem{file.path,
                      fmt::format("holds {}", what),
                      "whoever can pull the image could read it",
                      "remove it from the folder, or exclude it; give it to the container instead",
                      Fault::gate};
}

}  // namespace

std::optional<ModelProblem> find_secret(const ModelFile& file) {
  const auto kind = kind_of(to_lower(name_in(file.path)));
  if (!kind) return std::nullopt;
  const auto bytes = file.open();
  const std::uint64_t length = std::min(bytes->size(), largest_part);
  if (!kind->holds(Cursor(*bytes, 0, bytes->size()).text(length))) return std::nullopt;
  return problem_of(file, kind->what);
}

std::optional<ModelProblem> find_token(const ModelFile& file) {
  if (file.size > largest_text || !may_hold_token(file.path)) return std::nullopt;
  const auto bytes = file.open();
  if (bytes->size() > largest_text) return std::nullopt;
  const std::string text = Cursor(*bytes, 0, bytes->size()).text(bytes->size());
  const std::string what = text.find('\0') == std::string::npos ? token_in(text) : std::string();
  if (what.empty()) return std::nullopt;
  return problem_of(file, what);
}

}  // namespace mlpack
