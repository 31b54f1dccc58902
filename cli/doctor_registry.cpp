#include "cli/doctor.h"
#include "lib/text.h"
#include "registry/login.h"
#include "registry/probe.h"
#include "registry/upload_rules.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

using Level = Finding::Level;

std::string hint_or(const Error& error, const std::string& other) {
  return error.hint().empty() ? other : error.hint();
}

void add_failure(const std::string& host,
                 bool has_login,
                 const Error& error,
                 HostFindings& findings) {
  const std::string login = fmt::format("mlpack login {} -u USER --password-stdin", host);
  if (error.fault() == Fault::network) {
    findings.add("registry-unreachable",
                 Level::error,
                 fmt::format("registry `{}` cannot be reached", host),
                 error.what(),
                 {hint_or(error, "look at the name, the network and the proxy")});
  } else if (error.fault() == Fault::auth) {
    findings.add("registry-login",
                 Level::error,
                 has_login ? fmt::format("registry `{}` does not take our login", host)
                           : fmt::format("registry `{}` wants a login, and there is none", host),
                 error.what(),
                 {fmt::format("log in: `{}`", login), {login}});
  } else {
    findings.add("registry-refuses",
                 Level::error,
                 fmt::format("`{}` does not speak as a registry does", host),
                 error.what(),
                 {hint_or(error, "look at its name and port")});
  }
}

// The login was taken just before.
void add_no_right(const Repository& repository, const Error& error, HostFindings& findings) {
  findings.add("registry-push",
               Level::error,
               fmt::format("our login may not push to `{}`", repository.name.name()),
               error.what(),
               {"ask whoever runs the registry for the right, or log in as somebody who has it"});
}

// `HOST/REPOSITORY`, where uploads are to be tried; nullopt for a host alone.
std::optional<Repository> probed_repository(const std::string& registry, const std::string& host) {
  std::string_view rest = registry;
  if (const std::size_t scheme = rest.find("://"); scheme != rest.npos)
    rest.remove_prefix(scheme + 3);
  const std::size_t slash = rest.find('/');
  if (slash == rest.npos || slash + 1 == rest.size()) return std::nullopt;
  const std::string text = host + std::string(rest.substr(slash));
  const auto name = Reference::parse(text);
  if (!name || name->tag() || name->digest() || name->host() != host) {
    throw Error(Fault::usage,
                fmt::format("`{}` names no repository", printable(text)),
                "name one that we may push to, without a tag: `registry.example.com/acme/probe`");
  }
  return Repository{*name, Access::push};
}

std::string forms_text(const ProbedUploads& probed) {
  std::vector<std::string> working;
  for (const ProbedForm& one : probed.forms) {
    if (!one.failure.empty()) continue;
    const bool chunks = one.form == UploadForm::chunks;
    working.push_back(chunks ? "chunks of " + human_size(probed.chunk) : form_name(one.form));
  }
  return join(working, ", ");
}

std::string failures_text(const ProbedUploads& probed) {
  std::vector<std::string> lines;
  for (const ProbedForm& one : probed.forms) {
    if (!one.failure.empty())
      lines.push_back(fmt::format("{}: {}", form_name(one.form), one.failure));
  }
  return join(lines, "; ");
}

void add_uploads(const std::string& host, const ProbedUploads& probed, HostFindings& findings) {
  const std::string works = forms_text(probed);
  const std::string fails = failures_text(probed);
  if (works.empty()) {
    findings.add("registry-uploads",
                 Level::error,
                 fmt::format("registry `{}` takes no upload", host),
                 fails,
                 {"look at its limits, and at the proxies before it"});
    return;
  }
  findings.add("registry-uploads",
               Level::info,
               fmt::format("registry `{}` takes uploads as {}", host, works),
               fails.empty() ? "every form was tried" : "not as " + fails,
               {"nothing: a push from here begins with what works, for some days"});
}

// Tries uploads, and keeps what is new of it for the next push.
void probe(const Repository& repository,
           const ClientOptions& plain,
           CredentialFiles& files,
           World& world,
           HostFindings& findings) {
  const std::unique_ptr<Session> session = open_session(world);
  const auto make = [&](const std::string& known) {
    ClientOptions options = plain;
    options.recall = [known](const std::string&) { return std::optional(known); };
    return std::make_unique<Client>(world.transport, files, options, world.terminal, world.stop);
  };
  const std::string& host = repository.name.host();
  const ClientOptions& kept = session->client.options();
  const ProbedUploads probed = probe_uploads(repository, kept.recall(host).value_or(""), make);
  if (!probed.text.empty()) kept.remember(host, probed.text);
  add_uploads(host, probed, findings);
}

bool is_about_registry(const Error& error) {
  return error.fault() == Fault::network || error.fault() == Fault::auth ||
         error.fault() == Fault::refused;
}

}  // namespace

Findings check_registry(const std::string& registry, World& world) {
  const std::string host = parse_registry(registry);
  const std::optional<Repository> repository = probed_repository(registry, host);
  HostFindings findings;
  CredentialFiles files = open_credentials(world);
  ClientOptions options = client_options(world);
  options.retry.attempts = 2;
  options.retry.first_attempts = 2;
  bool has_login = false;
  bool is_taken = false;
  try {
    has_login = files.find(host, "").has_value();
    Client client(world.transport, files, options, world.terminal, world.stop);
    client.check(host);
    is_taken = has_login;
    if (repository) probe(*repository, options, files, world, findings);
  } catch (const Error& error) {
    if (!is_about_registry(error)) throw;
    if (is_taken && error.fault() == Fault::auth) {
      add_no_right(*repository, error, findings);
      return findings.take();
    }
    add_failure(host, has_login, error, findings);
    return findings.take();
  }
  if (!has_login) {
    findings.add("registry-anonymous",
                 Level::info,
                 fmt::format("nobody is logged in to registry `{}`", host),
                 "it answers, and what is not public cannot be pulled",
                 {fmt::format("log in: `mlpack login {} -u USER --password-stdin`", host)});
  }
  return findings.take();
}

}  // namespace mlpack
