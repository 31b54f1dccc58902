#include "cli/doctor.h"

#include "cli/catalog_folders.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/result.h"
#include "lib/check/host_run.h"
#include "lib/host/capture.h"
#include "lib/host/gather.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <system_error>

namespace mlpack {
namespace {

Host host_of(const DoctorOptions& options) {
  if (options.root.empty()) return Host();
  std::error_code failed;
  if (!fs::is_directory(options.root, failed)) {
    fail(Fault::input, "`{}` is no folder", printable(options.root));
  }
  return Host(options.root);
}

// Per GPU, and for all of them: they run at the same time.
constexpr double run_seconds = 9;

DoctorReport examine(const DoctorOptions& options, const Catalog& catalog, World& world) {
  DoctorReport report;
  // Before anything that might start a thread: the driver's libraries are asked in forked children.
  report.facts = gather_host(host_of(options));
  if (options.run) {
    report.runs = run_on_gpus(ProbeSettings().cuda, report.facts.cuda.count, run_seconds);
  }
  report.gpus = gpus_of(catalog, report.facts);
  HostInput input{catalog, report.facts};
  std::unique_ptr<DoctorImage> image;
  if (!options.image.empty()) {
    image = std::make_unique<DoctorImage>(
        options.image.front(), oci_architecture(report.facts.measured.machine), world);
    report.image = image->name();
    if (!image->wants_gpu()) input.wanted = HostInput::Wanted::no_gpu;
  }
  report.findings = check_host(input);
  if (image) {
    add_findings(report.findings, check_host_image(input, image->facts()));
    add_findings(report.findings, image->check_rules(node_features(report.facts)));
  }
  if (report.runs) add_findings(report.findings, check_host_run(catalog, *report.runs));
  if (!options.registry.empty())
    add_findings(report.findings, check_registry(options.registry, world));
  return report;
}

int verdict_code(const std::string& verdict, const DoctorOptions& options) {
  const bool fails = verdict == "fails" || (verdict == "unknown" && options.strict);
  return fails ? static_cast<int>(Fault::incompatible) : 0;
}

void examine_host(const DoctorOptions& options, const Catalog& catalog, World& world) {
  const DoctorReport report = examine(options, catalog, world);
  if (!options.capture.empty()) {
    capture_host(report.facts, options.capture);
    world.terminal.note(fmt::format("captured in {}", printable(options.capture)));
  }
  world.terminal.result(world.json()  ? json_line(doctor_json(report))
                        : options.fix ? doctor_commands(report.findings)
                                      : doctor_text(report));
  world.exit_code = verdict_code(check_verdict(report.findings), options);
}

void examine_nodes(const DoctorOptions& options, const Catalog& catalog, World& world) {
  std::optional<DoctorImages> images;
  if (!options.image.empty()) images.emplace(options.image.front(), world);
  const auto nodes =
      check_node_file(options.nodes, catalog, images ? &*images : nullptr, world.stop);
  const std::string name = images ? images->name() : std::string();
  if (options.fix && !world.json()) {
    Findings all;
    for (const NodeReport& node : nodes)
      add_findings(all, node.findings);
    world.terminal.result(doctor_commands(all));
  } else {
    world.terminal.result(world.json() ? json_line(nodes_json(name, nodes))
                                       : nodes_text(name, nodes));
  }
  world.exit_code = verdict_code(nodes_verdict(nodes), options);
}

void doctor(const DoctorOptions& options, World& world) {
  const Catalog catalog = catalog_in(fs::path(), world);
  if (options.run && !options.root.empty()) {
    throw Error(Fault::usage,
                "`--run` runs on the GPUs of this host, and `--root` is about another",
                "leave one of them out");
  }
  if (options.nodes.empty()) return examine_host(options, catalog, world);
  if (!options.root.empty() || !options.capture.empty() || !options.registry.empty() ||
      options.run) {
    throw Error(Fault::usage,
                "`--nodes` is about a cluster, `--root`, `--capture`, `--registry` and `--run` "
                "about a host",
                "ask about one of them");
  }
  examine_nodes(options, catalog, world);
}

}  // namespace

void add_findings(Findings& all, Findings more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(), [](const Finding& one, const Finding& other) {
    return one.level < other.level;
  });
}

Command doctor_command() {
  using Count = ArgumentInfo::Count;
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<DoctorOptions>();
    list.positional({"IMAGE",
                     "",
                     "an image that is to run here: of the store or of a registry, oci:DIR[:TAG], "
                     "oci-archive:FILE or docker-archive:FILE",
                     {},
                     Count::optional},
                    options->image);
    list.option(
        {"--nodes",
         "FILE",
         "look at the nodes in what `kubectl get nodes -o json` printed; - is the standard input"},
        options->nodes);
    list.option({"--registry",
                 "HOST[/REPOSITORY]",
                 "see whether this registry can be used, too, and how it takes uploads"},
                options->registry);
    list.option({"--root", "DIR", "look at the captured host in DIR in place of this one"},
                options->root);
    list.option({"--capture", "DIR", "write what was looked at to DIR, for --root and bug reports"},
                options->capture);
    list.flag({"--run", "", "compute on every GPU, too, and measure how fast it is"}, options->run);
    list.flag({"--fix", "", "print commands that mend what was found; nothing is run"},
              options->fix);
    list.flag({"--strict", "", "fail, too, where something could not be decided"}, options->strict);
    return [options](World& world) { doctor(*options, world); };
  };
  return {"doctor",
          "say whether this host, or a cluster, can run GPU containers, or an image",
          "Nothing is changed. Exit code 9: they will not run.",
          declare,
          {}};
}

}  // namespace mlpack
