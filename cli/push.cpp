#include "registry/push.h"

#include "cli/commands.h"
#include "cli/images.h"
#include "cli/result.h"
#include "cli/targets.h"
#include "layers/diff_ids.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace mlpack {
namespace {

using Count = ArgumentInfo::Count;
using Json = nlohmann::ordered_json;

struct PushOptions {
  std::vector<std::string> image;
  std::vector<std::string> names;
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
  names.reserve(texts.size());
  for (const std::string& text : texts)
    names.push_back(parse_reference(text).with_default_tag());
  require_hosts(names);
  return names;
}

Json report_json(const Reference& name, const PushReport& report) {
  return {
      {"ref", name.text()},
      {"digest", report.digest.text()},
      {"blobs",
       {{"uploaded", report.uploaded}, {"mounted", report.mounted}, {"present", report.present}}},
      {"bytesSent", report.bytes_sent},
      {"retries", report.retries},
      {"seconds", json_seconds(report.seconds)}};
}

std::string pinned(const Reference& name, const PushReport& report) {
  return name.with_digest(report.digest).text();
}

// What was pushed before another push fails; with --json the message is all that can say it.
std::string done_text(const std::vector<Reference>& names, const std::vector<PushReport>& reports) {
  std::vector<std::string> done;
  done.reserve(reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i)
    done.push_back("`" + pinned(names[i], reports[i]) + "`");
  return "after a push of " + join(done, ", ");
}

std::string document_of(const std::vector<Reference>& names,
                        const std::vector<PushReport>& reports) {
  Json document{{"schema", 1}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.size() == 1) {
      document.update(report_json(names[i], reports[i]));
    } else {
      document["pushes"].push_back(report_json(names[i], reports[i]));
    }
  }
  return json_line(document);
}

void push_image(const PushOptions& options, World& world) {
  const std::vector<Reference> names = names_of(options);
  Session session(world, Store::Access::read);
  const NamedImage image = find_local_image(options.image.front(), session);
  // What an archive holds is taken from it, wherever else it may be.
  Store* store = image.place == NamedImage::Place::store ? &session.store : nullptr;
  const DiffIds diff_ids(store == nullptr ? image.set.images : std::vector<Image>(), world.stop);
  const OpenBlob open = diff_ids.checked(image.open);
  const auto check_unsent = [&](const Descriptor& blob) { diff_ids.check(blob, open); };
  std::vector<PushReport> reports;
  for (const Reference& name : names) {
    PushRequest request{image.set.images, {}, name, open, store, check_unsent};
    if (image.set.index) request.index = image.set.index_bytes;
    const auto run = [&] { return push(session.client, request); };
    reports.push_back(reports.empty() ? run() : in_context(done_text(names, reports), run));
    if (!world.json()) world.terminal.result(pinned(name, reports.back()) + "\n");
  }
  if (world.json()) world.terminal.result(document_of(names, reports));
}

}  // namespace

Command push_command() {
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<PushOptions>();
    list.positional(
        {"IMAGE",
         "",
         "an image of the store, oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE",
         {},
         Count::required},
        options->image);
    list.positional({"REF", "", "where to push to (default: what IMAGE names)", {}, Count::any},
                    options->names);
    return [options](World& world) { push_image(*options, world); };
  };
  return {
      "push",
      "push an image to a registry",
      "Prints REF@DIGEST for each REF. What the registry already holds is not sent; layers of a "
      "base are mounted, or streamed from where they are.",
      declare,
      {}};
}

}  // namespace mlpack
