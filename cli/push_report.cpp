#include "cli/push_report.h"

#include "cli/report.h"
#include "cli/result.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;
using Kind = BlobOutcome::Kind;

std::string_view outcome_name(Kind kind) {
  switch (kind) {
    case Kind::present:
      return "present";
    case Kind::mounted:
      return "mounted";
    case Kind::uploaded:
      return "uploaded";
  }
  fail(Fault::internal, "no such outcome of a blob");
}

// As what will happen.
std::string_view verb_of(Kind kind) {
  switch (kind) {
    case Kind::present:
      return "keep";
    case Kind::mounted:
      return "mount";
    case Kind::uploaded:
      return "upload";
  }
  fail(Fault::internal, "no such outcome of a blob");
}

Json digest_or_null(const std::optional<Digest>& digest) {
  return digest ? Json(digest->text()) : Json(nullptr);
}

std::size_t count(const PushPlan& plan, Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(plan.blobs.begin(), plan.blobs.end(), [&](const BlobOutcome& outcome) {
        return outcome.kind == kind;
      }));
}

std::uint64_t bytes_to_send(const PushPlan& plan) {
  std::uint64_t bytes = 0;
  for (const BlobOutcome& outcome : plan.blobs) {
    if (outcome.kind == Kind::uploaded) bytes += outcome.blob.size;
  }
  return bytes;
}

std::string why(const BlobOutcome& outcome, const PushPlan& plan, const BlobNames& names) {
  if (outcome.kind == Kind::mounted) {
    return fmt::format("`{}` has it, on the same registry", outcome.from->name());
  }
  if (outcome.kind == Kind::uploaded) {
    const std::string origin = names.origin ? names.origin(outcome.blob) : "";
    return "the repository lacks it, and no other of this registry is known to have it" +
           (origin.empty() ? "" : "; it is read from " + origin);
  }
  switch (plan.state) {
    case TargetState::tagged:
      return "the tag leads to this image already";
    case TargetState::stored:
      return "the repository has the manifest, and so all that it names";
    case TargetState::absent:
      return "the repository has it";
  }
  fail(Fault::internal, "no such state of a push");
}

// A row for each blob, in which `called` says what it is to people.
std::string blob_table(const PushPlan& plan,
                       const std::function<std::vector<std::string>(const Descriptor&)>& called,
                       const BlobNames& names,
                       Reasons reasons) {
  std::vector<std::vector<std::string>> rows;
  for (const BlobOutcome& outcome : plan.blobs) {
    std::vector<std::string> row{"  " + std::string(verb_of(outcome.kind)),
                                 human_size(outcome.blob.size)};
    for (std::string& cell : called(outcome.blob))
      row.push_back(std::move(cell));
    row.push_back(outcome.blob.digest.short_hex());
    if (reasons == Reasons::shown) row.push_back(why(outcome, plan, names));
    rows.push_back(std::move(row));
  }
  return columns(rows);
}

std::string counts_text(const PushPlan& plan) {
  return fmt::format("{} to upload, {} to mount, {} there: {} to send",
                     count(plan, Kind::uploaded),
                     count(plan, Kind::mounted),
                     count(plan, Kind::present),
                     human_size(bytes_to_send(plan)));
}

Json counts_json(const PushPlan& plan) {
  return {{"uploaded", count(plan, Kind::uploaded)},
          {"mounted", count(plan, Kind::mounted)},
          {"present", count(plan, Kind::present)}};
}

std::string tag_line(const Reference& name, const PushPlan& plan) {
  if (!name.tag() || plan.state == TargetState::tagged) return "";
  if (!plan.replaced) return "; the tag is new";
  return fmt::format("; the tag leads to {} so far", plan.replaced->text());
}

Json error_json(const Error& error) {
  return Json::parse(failure_json(error)).at("error");
}

Json receipt_of(const PushResult& result, const BlobNames& names) {
  Json entry{{"ref", result.name.text()}, {"begun", rfc3339(result.begun)}};
  if (result.error) {
    entry["error"] = error_json(*result.error);
    return entry;
  }
  const PushReport& report = *result.report;
  entry["digest"] = report.digest.text();
  entry["replaced"] = digest_or_null(report.replaced);
  entry["seconds"] = json_seconds(report.seconds);
  entry["bytesSent"] = report.bytes_sent;
  entry["retries"] = report.retries;
  entry["blobs"] = Json::array();
  for (const BlobOutcome& outcome : report.blobs)
    entry["blobs"].push_back(blob_json(outcome, names));
  return entry;
}

}  // namespace

BlobNames BlobNames::of(const std::vector<Image>& images) {
  BlobNames names;
  for (const Image& image : images) {
    if (image.manifest.is_artifact()) continue;
    for (const Layer& layer : layers_of(image))
      names.names.try_emplace(layer.descriptor.digest, Name{layer.role, layer.name});
  }
  return names;
}

BlobNames::Name BlobNames::name(const Descriptor& blob) const {
  const auto found = names.find(blob.digest);
  return found == names.end() ? Name{} : found->second;
}

Json blob_json(const BlobOutcome& outcome, const BlobNames& names) {
  const BlobNames::Name name = names.name(outcome.blob);
  return {{"digest", outcome.blob.digest.text()},
          {"mediaType", outcome.blob.media_type},
          {"size", outcome.blob.size},
          {"role", role_name(name.role)},
          {"name", name.text},
          {"outcome", outcome_name(outcome.kind)},
          {"from", outcome.from ? Json(outcome.from->name()) : Json(nullptr)}};
}

Json push_json(const Reference& name, const PushReport& report) {
  return {
      {"ref", name.text()},
      {"digest", report.digest.text()},
      {"replaced", digest_or_null(report.replaced)},
      {"blobs",
       {{"uploaded", report.uploaded}, {"mounted", report.mounted}, {"present", report.present}}},
      {"bytesSent", report.bytes_sent},
      {"retries", report.retries},
      {"seconds", json_seconds(report.seconds)}};
}

std::string push_document(const std::vector<PushResult>& results) {
  Json document{{"schema", 1}};
  if (results.size() == 1) {
    document.update(push_json(results.front().name, *results.front().report));
    return json_line(document);
  }
  if (const auto error = failure_of(results)) document["error"] = error_json(*error);
  for (const PushResult& result : results) {
    Json entry = result.error
                     ? Json{{"ref", result.name.text()}, {"error", error_json(*result.error)}}
                     : push_json(result.name, *result.report);
    document["pushes"].push_back(std::move(entry));
  }
  return json_line(document);
}

std::string receipt_text(const std::string& image,
                         const std::vector<PushResult>& results,
                         const BlobNames& names) {
  Json document{{"schema", 1}, {"image", image}, {"pushes", Json::array()}};
  for (const PushResult& result : results)
    document["pushes"].push_back(receipt_of(result, names));
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string plan_text(const Reference& name,
                      const PushPlan& plan,
                      const BlobNames& names,
                      Reasons reasons) {
  const auto called = [&](const Descriptor& blob) -> std::vector<std::string> {
    const BlobNames::Name known = names.name(blob);
    return {std::string(role_name(known.role)), printable(known.text)};
  };
  return fmt::format("{}\n{}  {}{}\n",
                     name.with_digest(plan.digest).text(),
                     blob_table(plan, called, names, reasons),
                     counts_text(plan),
                     tag_line(name, plan));
}

Json plan_json(const Reference& name,
               const PushPlan& plan,
               const BlobNames& names,
               Reasons reasons) {
  Json document{{"ref", name.text()},
                {"digest", plan.digest.text()},
                {"replaced", digest_or_null(plan.replaced)},
                {"blobs", counts_json(plan)},
                {"bytesToSend", bytes_to_send(plan)},
                {"plan", Json::array()}};
  for (const BlobOutcome& outcome : plan.blobs) {
    document["plan"].push_back(blob_json(outcome, names));
    if (reasons == Reasons::shown) document["plan"].back()["why"] = why(outcome, plan, names);
  }
  return document;
}

std::string attached_text(const std::vector<ReferrerPlan>& attached,
                          const BlobNames& names,
                          Reasons reasons) {
  const auto called = [](const Descriptor& blob) -> std::vector<std::string> {
    return {printable(blob.media_type)};
  };
  std::string text;
  for (const ReferrerPlan& one : attached) {
    const bool is_listed = one.listed == ReferrerPlan::Listed::already;
    text += fmt::format("{} ({}), which refers to {}\n{}  {}; it is {}\n",
                        one.name.text(),
                        printable(one.entry.artifact_type),
                        one.subject.text(),
                        blob_table(one.push, called, names, reasons),
                        counts_text(one.push),
                        is_listed ? "listed there" : "not listed there so far");
  }
  return text;
}

Json attached_json(const std::vector<ReferrerPlan>& attached,
                   const BlobNames& names,
                   Reasons reasons) {
  Json list = Json::array();
  for (const ReferrerPlan& one : attached) {
    Json entry{{"artifactType", one.entry.artifact_type},
               {"subject", one.subject.text()},
               {"listed", one.listed == ReferrerPlan::Listed::already}};
    entry.update(plan_json(one.name, one.push, names, reasons));
    entry.erase("replaced");
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace mlpack
