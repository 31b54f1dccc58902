#include "lib/file.h"
#include "lib/text.h"
#include "registry/remote_s3.h"

#include <algorithm>
#include <array>
#include <map>

namespace mlpack {
namespace {

constexpr std::uint64_t longest_settings = std::uint64_t{1} << 20;
constexpr std::string_view default_region = "us-east-1";
constexpr const char* export_hint =
    "let the AWS tools make a key: `eval \"$(aws configure export-credentials --format env)\"`";

using Section = std::map<std::string, std::string>;

fs::path aws_file(const Environment& environment, const char* variable, const char* name) {
  if (const auto path = set_value(environment, variable)) return *path;
  const auto home = set_value(environment, "HOME");
  return home ? fs::path(*home) / ".aws" / name : fs::path();
}

// The section of an ini file that has one of the names; what is indented belongs to a key above.
std::optional<Section> read_section(const fs::path& file, const std::vector<std::string>& names) {
  if (file.empty()) return std::nullopt;
  const std::string text = read_file_if_exists(file, longest_settings).value_or("");
  std::optional<Section> found;
  bool inside = false;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view content = trim(line);
    if (content.starts_with('[')) {
      const std::string_view name = trim(content.substr(1, content.find(']') - 1));
      inside = std::find(names.begin(), names.end(), name) != names.end();
      if (inside && !found) found.emplace();
    } else if (inside && !line.starts_with(' ') && !line.starts_with('\t') &&
               !content.starts_with('#') && !content.starts_with(';')) {
      const std::size_t equals = content.find('=');
      if (equals == content.npos) continue;
      (*found)[to_lower(trim(content.substr(0, equals)))] = trim(content.substr(equals + 1));
    }
  }
  return found;
}

std::string value_of(const Section& section, const std::string& key) {
  const auto found = section.find(key);
  return found == section.end() ? "" : found->second;
}

// What the files of the AWS tools say of the profile.
Section read_profile(const Environment& environment) {
  const auto chosen = set_value(environment, "AWS_PROFILE");
  const std::string profile = chosen.value_or("default");
  const fs::path credentials = aws_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const fs::path config = aws_file(environment, "AWS_CONFIG_FILE", "config");
  std::optional<Section> keys = read_section(credentials, {profile});
  std::optional<Section> more = read_section(config, {profile, "profile " + profile});
  if (!keys && !more && chosen) {
    throw Error(Fault::auth,
                fmt::format("there is no profile `{}` in `{}` and `{}`",
                            printable(profile),
                            credentials.string(),
                            config.string()),
                "check AWS_PROFILE");
  }
  Section all = keys.value_or(Section{});
  if (keys) all["origin"] = fmt::format("profile `{}`", profile);
  all.merge(more.value_or(Section{}));
  all.try_emplace("origin", fmt::format("profile `{}`", profile));
  return all;
}

void require_known_kind(const Section& profile) {
  constexpr std::array<const char*, 5> others = {
      "role_arn", "sso_session", "sso_start_url", "credential_process", "web_identity_token_file"};
  for (const char* kind : others) {
    if (value_of(profile, kind).empty()) continue;
    throw Error(
        Fault::auth,
        fmt::format(
            "{} has no key but `{}`, which mlpack cannot use", value_of(profile, "origin"), kind),
        export_hint);
  }
}

void find_key(S3Settings& settings, const Environment& environment, const Section& profile) {
  const auto id = set_value(environment, "AWS_ACCESS_KEY_ID");
  const auto secret = set_value(environment, "AWS_SECRET_ACCESS_KEY");
  if (id && secret) {
    settings.signer.key_id = *id;
    settings.signer.secret = *secret;
    settings.session_token = set_value(environment, "AWS_SESSION_TOKEN").value_or("");
    settings.origin = "AWS_ACCESS_KEY_ID";
    return;
  }
  settings.signer.key_id = value_of(profile, "aws_access_key_id");
  settings.signer.secret = value_of(profile, "aws_secret_access_key");
  settings.session_token = value_of(profile, "aws_session_token");
  settings.origin = value_of(profile, "origin");
  const bool has_key = !settings.signer.key_id.empty() && !settings.signer.secret.empty();
  if (has_key) return;
  require_known_kind(profile);
  settings.signer.key_id.clear();
}

bool is_region(const std::string& text) {
  return !text.empty() && text.size() <= 40 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

// Headers are made of them.
void require_words(const S3Settings& settings) {
  const std::string all = settings.signer.key_id + settings.signer.secret + settings.session_token;
  const bool plain =
      std::all_of(all.begin(), all.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain) fail(Fault::auth, "the key of {} is not one of AWS", settings.origin);
}

std::optional<Url> endpoint_of(const Environment& environment, const Section& profile) {
  std::optional<std::string> text = set_value(environment, "AWS_ENDPOINT_URL_S3");
  if (!text) text = set_value(environment, "AWS_ENDPOINT_URL");
  if (!text) text = value_of(profile, "endpoint_url");
  if (text->empty()) return std::nullopt;
  while (text->ends_with('/')) {
    text->pop_back();
  }
  const auto url = Url::parse(*text);
  if (url && url->target().find('?') == std::string::npos) return url;
  throw Error(Fault::usage,
              "the endpoint of S3 is not a URL",  // not shown: it may hold a password
              "AWS_ENDPOINT_URL_S3 is such as `https://minio.example.com:9000`");
}

}  // namespace

S3Settings s3_settings(const Environment& environment, PlainHttp plain) {
  const Section profile = read_profile(environment);
  S3Settings settings;
  find_key(settings, environment, profile);
  require_words(settings);
  auto region = set_value(environment, "AWS_REGION");
  if (!region) region = set_value(environment, "AWS_DEFAULT_REGION");
  if (!region) region = value_of(profile, "region");
  settings.signer.region = region->empty() ? std::string(default_region) : *region;
  if (!is_region(settings.signer.region)) {
    fail(Fault::usage, "`{}` is not a region of AWS", printable(settings.signer.region));
  }
  settings.endpoint = endpoint_of(environment, profile);
  if (settings.endpoint) require_private(*settings.endpoint, plain, "the endpoint of S3");
  return settings;
}

}  // namespace mlpack
