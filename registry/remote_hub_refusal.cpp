#include "lib/text.h"
#include "registry/refusal.h"
#include "registry/remote_hub.h"
#include "registry/remote_hub_listing.h"

namespace mlpack {
namespace {

constexpr std::size_t longest_reason = 200;

std::string came_with(const HubSettings& settings) {
  return settings.token.empty() ? "we came without a token"
                                : fmt::format("we came with the token of {}", settings.origin);
}

std::string page_of(const HubName& model, const HubSettings& settings) {
  return below(settings.endpoint, "/" + model.repository).text();
}

// What the hub says for itself; it may quote what it was asked, but never the token.
std::string reason_of(const Headers& headers, const HubSettings& settings) {
  const std::string code = headers.find("X-Error-Code").value_or("");
  std::string message = headers.find("X-Error-Message").value_or("");
  const bool quotes_us =
      !settings.token.empty() && message.find(settings.token) != std::string::npos;
  if (quotes_us) message.clear();
  const char* between = code.empty() || message.empty() ? "" : ": ";
  const std::string reason = code + between + message;
  return reason.empty() ? "" : " (" + printable(reason.substr(0, longest_reason)) + ")";
}

std::string hint_for_gated(const HubName& model, const HubSettings& settings) {
  const std::string accept = fmt::format("accept its conditions at `{}`", page_of(model, settings));
  return settings.token.empty()
             ? accept + ", then set HF_TOKEN"
             : accept +
                   " as the user of that token; a fine-grained token also needs the right to "
                   "read gated repositories";
}

std::string hint_for_auth(const HubName& model, const HubSettings& settings, bool known_bad) {
  if (settings.token.empty()) {
    return fmt::format("check the name `{}`; for a private model set HF_TOKEN", model.repository);
  }
  return known_bad
             ? fmt::format("the hub does not know that token: make a new one at `{}`",
                           below(settings.endpoint, "/settings/tokens").text())
             : fmt::format("check the name `{}`, and that the token may read it", model.repository);
}

std::string hint_for_missing(const HubName& model, const std::string& code) {
  const bool names_commit = is_git_sha1(model.revision);
  if (names_commit && (code == "RevisionNotFound" || code == "EntryNotFound")) {
    return fmt::format("the commit `{}` of `{}` {}: build again, of a revision that has it",
                       model.revision,
                       model.repository,
                       code == "EntryNotFound" ? "has no such file" : "is not there (any more)");
  }
  if (code == "RevisionNotFound") {
    return fmt::format("`{}` has no branch, tag or commit `{}`: check what stands behind `@`",
                       model.repository,
                       model.revision);
  }
  return fmt::format("there is no model `{}` there: check its name and HF_ENDPOINT",
                     model.repository);
}

std::string hint_for(int status) {
  if (status == 429) return "the hub limits requests; wait, or set HF_TOKEN for a higher limit";
  return status >= 500 ? "the hub has a problem; try again later" : "";
}

}  // namespace

Error hub_refusal(const HubName& model,
                  const HubSettings& settings,
                  const std::string& what,
                  const Landed& landed) {
  const Headers& headers = landed.response.headers;
  const int status = landed.response.status;
  const bool own = same_origin(landed.url, settings.endpoint);
  const std::string message = fmt::format("cannot {}: `{}` replied {}{}",
                                          what,
                                          landed.url.authority(),
                                          status,
                                          own ? reason_of(headers, settings) : "");
  if (!own) return Error(Fault::refused, message, "the hub sent us there; try again");
  const std::string code = headers.find("X-Error-Code").value_or("");
  if (code == "GatedRepo") {
    return Error(Fault::auth,
                 message + "; it is gated, and " + came_with(settings),
                 hint_for_gated(model, settings));
  }
  if (status == 401 || status == 403) {
    const std::string said = headers.find("X-Error-Message").value_or("");
    const bool known_bad = said.starts_with("Invalid credentials");
    return Error(Fault::auth,
                 message + "; it does not exist or is private, and " + came_with(settings),
                 hint_for_auth(model, settings, known_bad));
  }
  if (status == 404 || status == 410) {
    return Error(Fault::refused, message, hint_for_missing(model, code));
  }
  return Error(Fault::refused, message, hint_for(status));
}

}  // namespace mlpack
