#include "cli/commands.h"
#include "cli/images.h"
#include "cli/output_checks.h"
#include "cli/push_report.h"
#include "cli/referrers.h"
#include "cli/report.h"
#include "cli/result.h"
#include "cli/targets.h"
#include "layers/diff_ids.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

struct PushOptions {
  std::vector<std::string> image;
  std::vector<std::string> names;
  bool dry_run = false;
  bool explain = false;
  std::vector<std::string> forbidden;
  std::string if_match;
  std::string receipt;
};

// Where no REF is given, IMAGE names both what is pushed and where to.
std::vector<Reference> names_of(const PushOptions& options) {
  std::vector<std::string> texts = options.names;
  const std::string& image = options.image.front();
  if (texts.empty()) {
    if (std::holds_alternative<ArchiveLocation>(parse_image_location(image))) {
      throw Error(Fault::usage,
                  fmt::format("`{}` does not say where to push to", image),
                  fmt::format("name it: `mlpack push {} REF`", image));
    }
    texts = {image};
  }
  std::vector<Reference> names;
  for (const std::string& text : texts) {
    Reference name = parse_reference(text).with_default_tag();
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  require_hosts(names);
  return names;
}

std::optional<ExpectedTag> expected_tag(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "none") return ExpectedTag{};
  if (const auto digest = Digest::parse(text)) return ExpectedTag{*digest};
  throw Error(Fault::usage,
              fmt::format("`--if-match` wants a digest or `none`, not `{}`", printable(text)),
              "`mlpack inspect REF` shows the digest that a tag leads to");
}

std::vector<Role> forbidden_roles(const std::vector<std::string>& words) {
  constexpr std::array roles{
      Role::base, Role::system, Role::python, Role::weights, Role::files, Role::config};
  std::vector<Role> forbidden;
  std::vector<std::string_view> known;
  for (const Role role : roles)
    known.push_back(role_name(role));
  for (const std::string& word : words) {
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
      throw Error(Fault::usage,
                  fmt::format("`--forbid-upload` knows no layers `{}`", printable(word)),
                  fmt::format("one of: {}", fmt::join(known, ", ")));
    }
    forbidden.push_back(roles.at(static_cast<std::size_t>(found - known.begin())));
  }
  return forbidden;
}

// Throws for a blob that --forbid-upload is about.
std::function<void(const Descriptor&)> upload_guard(std::vector<Role> forbidden,
                                                    const BlobNames& names) {
  if (forbidden.empty()) return {};
  return [forbidden = std::move(forbidden), &names](const Descriptor& blob) {
    const BlobNames::Name name = names.name(blob);
    const bool is_layer = names.names.count(blob.digest) > 0;
    if (!is_layer || std::find(forbidden.begin(), forbidden.end(), name.role) == forbidden.end()) {
      return;
    }
    throw Error(Fault::gate,
                fmt::format("layer `{}` ({}, {}) would have to be uploaded, which `--forbid-upload "
                            "{}` forbids",
                            printable(name.text),
                            blob.digest.text(),
                            human_size(blob.size),
                            role_name(name.role)),
                "push it once without that option, or push where it is already; `--dry-run "
                "--explain` says what there is");
  };
}

std::string origin_of(const NamedImage& image, const Store* store, const Descriptor& blob) {
  if (store == nullptr) return "`" + image.name + "`";
  const BlobLocation location = store->locate(blob.digest);
  switch (location.kind) {
    case BlobLocation::Kind::stored:
      return "the store";
    case BlobLocation::Kind::recipe:
      return "the files that it is made of";
    case BlobLocation::Kind::remote:
      return "`" + location.origins.front().name() + "`";
    case BlobLocation::Kind::unknown:
      return {};
  }
  fail(Fault::internal, "no such place of a blob");
}

// An image to push, with all that the request for it refers to.
struct PushWork {
  PushWork(const PushOptions& options, Session& session)
      : image(find_local_image(options.image.front(), session)),
        // What an archive holds is taken from it, wherever else it may be.
        store(image.place == NamedImage::Place::store ? &session.store : nullptr),
        attached(find_referrers(image, "", session)),
        diff_ids(store == nullptr ? image.set.images : std::vector<Image>(), session.world.stop),
        names(BlobNames::of(image.set.images)) {
    names.origin = [this](const Descriptor& blob) { return origin_of(image, store, blob); };
  }
  PushWork(const PushWork&) = delete;
  PushWork& operator=(const PushWork&) = delete;

  PushRequest request(const PushOptions& options, const Reference& target) const {
    const OpenBlob open = diff_ids.checked(image.open);
    PushRequest request{image.set.images, {}, target, open, store};
    request.check_unsent = [this, open](const Descriptor& blob) { diff_ids.check(blob, open); };
    request.check_upload = upload_guard(forbidden_roles(options.forbidden), names);
    request.if_match = expected_tag(options.if_match);
    if (image.set.index) request.index = image.set.index_bytes;
    return request;
  }

  NamedImage image;
  Store* store;
  std::vector<Image> attached;  // what refers to it
  DiffIds diff_ids;
  BlobNames names;
};

void show_plans(const PushOptions& options,
                PushRequest request,
                const std::vector<Reference>& names,
                const PushWork& work,
                Session& session) {
  const Reasons reasons = options.explain ? Reasons::shown : Reasons::none;
  World& world = session.world;
  Json document{{"schema", 1}, {"dryRun", true}};
  for (const Reference& name : names) {
    request.target = name;
    const PushPlan plan = plan_push(session.client, request);
    for (const BlobOutcome& outcome : plan.blobs) {
      const bool sent = outcome.kind == BlobOutcome::Kind::uploaded;
      if (sent && request.check_upload) request.check_upload(outcome.blob);
    }
    const auto attached = plan_referrers(work.attached, name, work.image.open, session.client);
    if (!world.json()) {
      world.terminal.result(plan_text(name, plan, work.names, reasons) +
                            attached_text(attached, work.names, reasons));
    }
    Json entry = plan_json(name, plan, work.names, reasons);
    entry["attached"] = attached_json(attached, work.names, reasons);
    names.size() == 1 ? document.update(entry) : document["pushes"].push_back(std::move(entry));
  }
  if (world.json()) world.terminal.result(json_line(document));
}

// With several destinations a failure of some is part of the result.
void show_results(const std::vector<PushResult>& results, World& world) {
  const std::optional<Error> error = failure_of(results);
  for (const PushResult& result : results) {
    if (!result.report) continue;
    const PushReport& report = *result.report;
    if (report.replaced) {
      world.terminal.note(
          fmt::format("`{}` led to {} before", result.name.text(), report.replaced->text()));
    }
    if (!world.json()) {
      world.terminal.result(result.name.with_digest(report.digest).text() + "\n");
    }
  }
  if (error && (!world.json() || results.size() == 1)) throw *error;
  if (!world.json()) return;
  world.terminal.result(push_document(results));
  if (!error) return;
  world.terminal.say(failure_text(*error, world.terminal.color()));
  world.exit_code = static_cast<int>(error->fault());
}

void explain(const PushResult& result, const PushWork& work, World& world) {
  if (!result.report) return;
  const PushReport& report = *result.report;
  const PushPlan done{report.digest, report.replaced, report.state, report.blobs};
  world.terminal.say(plan_text(result.name, done, work.names, Reasons::shown));
}

// What refers to the image, to where it is now. The first failure, of which the image knows
// nothing.
std::optional<Error> push_attached(const PushOptions& options,
                                   const std::vector<PushResult>& results,
                                   const PushWork& work,
                                   Session& session) {
  std::optional<Error> first;
  for (const PushResult& result : results) {
    if (!result.report) continue;
    try {
      const auto done = push_referrers(work.attached, result.name, work.image.open, session.client);
      if (options.explain) {
        session.terminal().say(attached_text(done, work.names, Reasons::shown));
      }
    } catch (const Error& error) {
      session.world.stop.check();
      if (error.fault() == Fault::internal) throw;
      const std::string text = fmt::format(
          "`{}` is pushed, but what refers to it is not: {}", result.name.text(), error.what());
      if (!first) first = Error(error.fault(), text, error.hint());
    }
  }
  return first;
}

void push_image(const PushOptions& options, World& world) {
  const std::vector<Reference> names = names_of(options);
  Session session(world, Store::Access::read);
  const PushWork work(options, session);
  const PushRequest request = work.request(options, names.front());
  if (options.dry_run) {
    show_plans(options, request, names, work, session);
    return;
  }
  // Begun before a byte is sent, so that it is known that it can be written.
  std::optional<AtomicFile> receipt;
  if (!options.receipt.empty()) {
    check_report_place("--receipt",
                       options.receipt,
                       parse_image_location(options.image.front()),
                       {session.store.root()});
    receipt.emplace(options.receipt);
  }
  const std::vector<PushResult> results = push_to_all(request, names, session);
  world.stop.check();
  if (receipt) {
    receipt->write(as_bytes(receipt_text(work.image.name, results, work.names)));
    receipt->commit();
  }
  for (const PushResult& result : results) {
    if (options.explain) explain(result, work, world);
  }
  const std::optional<Error> lost = push_attached(options, results, work, session);
  show_results(results, world);
  if (lost) throw *lost;
}

void declare_push(ArgumentList& list, PushOptions& options) {
  list.positional({"IMAGE",
                   "",
                   "an image of the store, oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE",
                   {},
                   Count::required},
                  options.image);
  list.positional({"REF", "", "where to push to (default: what IMAGE names)", {}, Count::any},
                  options.names);
  list.flag({"--dry-run", "", "say what would become of every blob, and send nothing"},
            options.dry_run);
  list.flag({"--explain", "", "say why, for every blob"}, options.explain);
  list.options({"--forbid-upload",
                "ROLE",
                "fail rather than upload layers of ROLE",
                {"base", "system", "python", "weights", "files", "config"}},
               options.forbidden);
  list.option({"--if-match",
               "DIGEST",
               "move the tag only if it leads to DIGEST so far (`none`: is not there)"},
              options.if_match);
  list.option({"--receipt", "FILE", "write what was pushed to FILE, as JSON"}, options.receipt);
}

}  // namespace

Command push_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<PushOptions>();
    declare_push(list, *options);
    return [options](World& world) { push_image(*options, world); };
  };
  return {
      "push",
      "push an image to registries",
      "Prints REF@DIGEST for each REF. What the registry already holds is not sent; layers of a "
      "base are mounted, or streamed from where they are. What several registries lack is read "
      "once.",
      declare,
      {}};
}

}  // namespace mlpack
