#include "registry/refusal.h"

#include "lib/text.h"
#include "registry/challenge.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::size_t longest_body = std::size_t{64} << 10;
constexpr std::size_t longest_message = 300;

using Json = nlohmann::json;

std::string short_text(const std::string& text) {
  return printable(text.substr(0, longest_message)) + (text.size() > longest_message ? "…" : "");
}

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Without exceptions, since what is read here was written by whoever answered.
Json error_list(const std::string& body) {
  const Json parsed = Json::parse(body, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("errors") || !parsed["errors"].is_array()) {
    return Json::array();
  }
  Json list = Json::array();
  for (const Json& item : parsed["errors"]) {
    if (item.is_object()) list.push_back(item);
  }
  return list;
}

std::string hint_for_auth(const Attempt& attempt, const Answer& answer) {
  if (answer.identity.empty()) {
    return fmt::format("log in with `mlpack login {}`", attempt.host);
  }
  if (answer.response.status == 401) {
    return fmt::format("check the credentials, or log in again with `mlpack login {}`",
                       attempt.host);
  }
  return "ask whoever runs the registry for the right, or use other credentials";
}

// Servers before a registry know no code for it; they say so in words.
std::string hint_for_request(const std::string& body) {
  const auto says = [&](std::string_view words) { return body.find(words) != std::string::npos; };
  if (says("HTTPS port") || says("HTTPS server")) {
    return "it speaks TLS there: leave `--plain-http` out";
  }
  if (says("SSL certificate")) {
    return "put `client.cert` and `client.key` into a folder `certs.d/HOST:PORT` of docker's or "
           "podman's (see FILES in mlpack(1))";
  }
  return "";
}

std::string hint_for(const Attempt& attempt, const Answer& answer, const std::string& body) {
  switch (answer.response.status) {
    case 401:
    case 403:
      return hint_for_auth(attempt, answer);
    case 400:
      return hint_for_request(body);
    case 404:
      return "check the name; some registries want a repository to be created first";
    case 405:
      return "it takes no pushes there: it may be read-only, or a mirror of another registry";
    case 412:
    case 507:
      return "a quota or another rule of the registry may stand against it; ask whoever runs it";
    case 413:
      return "the registry, or a proxy before it, refuses bodies of this size; set "
             "`layers.max_size` in the spec";
    case 429:
      return "the registry limits requests; wait, or log in for a higher limit";
    default:
      return answer.response.status >= 500 ? "the registry has a problem; try again later" : "";
  }
}

std::string who(const Attempt& attempt, const Answer& answer) {
  const int status = answer.response.status;
  if (status != 401 && status != 403) {
    return "";
  }
  std::string text = answer.identity.empty() ? "; we came without credentials"
                                             : fmt::format("; we came {}", answer.identity);
  if (!attempt.scope.empty()) text += fmt::format(" and asked for `{}`", attempt.scope);
  return text;
}

// What an answer says: a registry's errors, the title of a web page, or one line of text.
std::string said_in(const std::string& body) {
  const std::string errors = registry_errors(body);
  if (!errors.empty()) return errors;
  constexpr std::string_view begin = "<title>";
  const std::string lower = to_lower(body);
  const std::size_t title = lower.find(begin);
  if (title != std::string::npos) {
    const std::size_t start = title + begin.size();
    return short_text(std::string(trim(body.substr(start, lower.find("</title>", start) - start))));
  }
  const std::string line(trim(body));
  const bool is_line = line.size() <= longest_message && line.find_first_of("<{[\n") == line.npos;
  return is_line ? printable(line) : "";
}

// Where a token service would not give us a token, it is the one that refused; the 401 of the
// registry was only its question who we are.
std::string reply_text(const Answer& answer, const std::string& body) {
  const int status = answer.response.status;
  if (!answer.auth_note.empty() && (status == 401 || status == 403)) {
    return answer.auth_note;
  }
  const std::string said = said_in(body);
  return fmt::format(
      "`{}` replied {}{}", answer.url.authority(), status, said.empty() ? "" : " (" + said + ")");
}

bool offers_known_scheme(const Headers& headers) {
  const std::vector<std::string> values = headers.all("WWW-Authenticate");
  return std::any_of(values.begin(), values.end(), [](const std::string& value) {
    const std::vector<Challenge> challenges = parse_challenges(value);
    return std::any_of(challenges.begin(), challenges.end(), [](const Challenge& challenge) {
      return challenge.scheme == "basic" || challenge.scheme == "bearer";
    });
  });
}

}  // namespace

std::string registry_errors(const std::string& body) {
  std::vector<std::string> parts;
  for (const Json& item : error_list(body)) {
    const std::string code = text_member(item, "code");
    const std::string message = text_member(item, "message");
    const char* between = code.empty() || message.empty() ? "" : ": ";
    parts.push_back(fmt::format("{}{}{}", code, between, message));
  }
  return short_text(join(parts, "; "));
}

bool has_error_code(const std::string& body, const std::string& code) {
  const Json list = error_list(body);
  return std::any_of(list.begin(), list.end(), [&](const Json& item) {
    return text_member(item, "code") == code;
  });
}

bool is_web_page(const Response& response) {
  const std::string type = to_lower(response.headers.find("Content-Type").value_or(""));
  return type.starts_with("text/html") || type.starts_with("application/xhtml");
}

std::string error_body(const Response& response) {
  return response.body ? read_body(*response.body, longest_body).text : "";
}

Error refusal(const Attempt& attempt, const Answer& answer) {
  return refusal(attempt, answer, error_body(answer.response));
}

Error refusal(const Attempt& attempt, const Answer& answer, const std::string& body) {
  if (answer.response.failure) {
    return unreachable(attempt.what, *answer.response.failure);
  }
  const int status = answer.response.status;
  return Error(
      status == 401 || status == 403 ? Fault::auth : Fault::refused,
      fmt::format("cannot {}: {}{}", attempt.what, reply_text(answer, body), who(attempt, answer)),
      hint_for(attempt, answer, body));
}

Error login_refusal(const Attempt& attempt, const Answer& answer) {
  const int status = answer.response.status;
  if (status != 401 && status != 403) {
    return refusal(attempt, answer);
  }
  const bool unsent = status == 401 && !offers_known_scheme(answer.response.headers);
  return Error(
      Fault::auth,
      fmt::format("cannot {}: {}", attempt.what, reply_text(answer, error_body(answer.response))),
      unsent ? "it asks for neither basic nor bearer authentication, the two that mlpack knows; "
               "the password was not sent"
             : "check the user and the password; many registries want an access token in place of "
               "the password");
}

Error unreachable(const std::string& what, const NetworkFailure& failure, const std::string& hint) {
  const std::string message = fmt::format("cannot {}: {}", what, failure.message);
  if (failure.kind == NetworkFailure::Kind::forbidden) {
    return Error(Fault::refused,
                 message,
                 "a public server must not lead into a private network; ask whoever runs it");
  }
  return Error(Fault::network, message, failure.hint.empty() ? hint : failure.hint);
}

Error no_registry(const Attempt& attempt, const Answer& answer) {
  return Error(Fault::refused,
               fmt::format("cannot {}: `{}` is not a registry: it replied {} with {}",
                           attempt.what,
                           answer.url.authority(),
                           answer.response.status,
                           is_web_page(answer.response) ? "a web page" : "something else"),
               "check the name; a proxy or a captive portal may answer in its place");
}

}  // namespace mlpack
