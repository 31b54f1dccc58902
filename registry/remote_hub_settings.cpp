#include "lib/file.h"
#include "lib/text.h"
#include "registry/remote_hub.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::string_view public_hub = "https://huggingface.co";
constexpr std::uint64_t longest_token = std::uint64_t{64} << 10;

// As huggingface_hub reads its switches.
bool is_true(const std::optional<std::string>& value) {
  const std::string word = to_lower(value.value_or(""));
  return word == "1" || word == "on" || word == "yes" || word == "true";
}

std::optional<fs::path> token_file(const Environment& environment) {
  if (const auto path = set_value(environment, "HF_TOKEN_PATH")) return *path;
  if (const auto home = set_value(environment, "HF_HOME")) return fs::path(*home) / "token";
  if (const auto cache = set_value(environment, "XDG_CACHE_HOME")) {
    return fs::path(*cache) / "huggingface/token";
  }
  const auto home = set_value(environment, "HOME");
  if (!home) return std::nullopt;
  return fs::path(*home) / ".cache/huggingface/token";
}

// What goes into a header field as it is.
void take_token(HubSettings& settings, const std::string& text, const std::string& origin) {
  settings.token = trim(text);
  settings.origin = origin;
  const bool plain = std::all_of(
      settings.token.begin(), settings.token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (plain) return;
  throw Error(Fault::auth,
              fmt::format("what {} holds is not a token of a hub", origin),
              "a token is one word that begins with `hf_`");
}

void find_token(HubSettings& settings, const Environment& environment) {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const auto token = set_value(environment, name)) {
      return take_token(settings, *token, name);
    }
  }
  const std::optional<fs::path> file = token_file(environment);
  const auto text = file ? read_file_if_exists(*file, longest_token) : std::nullopt;
  if (text && !trim(*text).empty()) take_token(settings, *text, "`" + file->string() + "`");
}

Url endpoint_of(const Environment& environment) {
  std::string text = set_value(environment, "HF_ENDPOINT").value_or(std::string(public_hub));
  text = trim(text);
  while (text.ends_with('/')) {
    text.pop_back();
  }
  const std::optional<Url> url = Url::parse(text);
  const bool usable = url && url->target().find('?') == std::string::npos;
  if (usable) return *url;
  throw Error(Fault::usage,
              "HF_ENDPOINT is not a URL",  // not shown: it may hold a password
              fmt::format("write it as `{}`", public_hub));
}

}  // namespace

HubSettings hub_settings(const Environment& environment, PlainHttp plain) {
  HubSettings settings{.endpoint = endpoint_of(environment), .token = {}, .origin = {}};
  require_private(settings.endpoint, plain, "HF_ENDPOINT");
  settings.offline = is_true(environment("HF_HUB_OFFLINE"));
  if (!is_true(environment("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) find_token(settings, environment);
  return settings;
}

}  // namespace mlpack
