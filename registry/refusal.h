#pragma once

#include "lib/error.h"
#include "registry/transport.h"
#include "registry/url.h"

#include <string>

namespace mlpack {

/// An answer and what belongs to it when it has to be explained.
struct Answer {
  Response response;
  Url url;                // that answered
  std::string identity;   // who we said we are, such as "as `bob` (from `…/config.json`)"
  std::string auth_note;  // what the token service replied where it gave no token
};

/// The error codes and messages of a registry's error body (distribution-spec 1.1, "Error codes"),
/// as `CODE: message; …`, printable and short; empty where `body` is something else.
std::string registry_errors(const std::string& body);

/// True where the error body names `code`.
bool has_error_code(const std::string& body, const std::string& code);

/// True for a web page: a captive portal or a site that answers everything.
bool is_web_page(const Response& response);

/// What was attempted, such as "push `…`", and at which registry.
struct Attempt {
  std::string what;  // after "cannot"
  std::string host;
  std::string scope;  // asked for; empty: none
};

/// The Error for an answer that is not the one hoped for, its body read for what it says; for no
/// answer at all, Fault::network.
Error refusal(const Attempt& attempt, const Answer& answer);
/// The same where the body was read already.
Error refusal(const Attempt& attempt, const Answer& answer, const std::string& body);
/// The same for a login: who refused it, and what that means for the user and the password.
Error login_refusal(const Attempt& attempt, const Answer& answer);
/// No answer to `what`; `hint` is for a server that cannot be reached at all.
Error unreachable(const std::string& what,
                  const NetworkFailure& failure,
                  const std::string& hint = "check the name of the registry and the network");
/// Not a registry at all.
Error no_registry(const Attempt& attempt, const Answer& answer);

/// At most 64 KiB of the body; empty where the connection broke.
std::string error_body(const Response& response);

}  // namespace mlpack
