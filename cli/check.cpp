#include "cli/check.h"

#include "cli/catalog_folders.h"
#include "cli/commands.h"
#include "cli/output_checks.h"
#include "cli/result.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/text.h"

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace mlpack {
namespace {

// But for those that another of `images` is for.
std::vector<CheckMachine> machines_for(std::vector<CheckMachine> fleet,
                                       const Catalog& catalog,
                                       const Image& own,
                                       const std::vector<const Image*>& images) {
  std::erase_if(fleet, [&](const CheckMachine& machine) {
    const auto is_for = [&](const Image* image) {
      return may_have_processor(catalog, machine, image->platform());
    };
    return !is_for(&own) && std::any_of(images.begin(), images.end(), is_for);
  });
  return fleet;
}

bool is_to_stdout(const std::string& file) {
  return file == "-" || file == "/dev/stdout";
}

// Into a FIFO (what `>(COMMAND)` is) it goes as it is, and no file takes its place.
void write_report(const std::string& file, const std::string& text) {
  std::error_code failed;
  if (!fs::is_fifo(file, failed)) return write_file(file, text);
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) fail(Fault::disk, "cannot write `{}`: {}", printable(file), errno_text(errno));
  FdSink(fd.get(), file).write(as_bytes(text));
}

void check(const CheckOptions& options, World& world) {
  const bool is_log_alone = is_to_stdout(options.sarif);
  if (is_log_alone && world.json()) {
    fail(Fault::usage, "`--sarif {}` and `--json` both write to stdout", options.sarif);
  }
  const Catalog catalog =
      options.fleet.empty() ? catalog_in(fs::path(), world) : catalog_of_spec(options.fleet, world);
  const std::vector<CheckMachine> fleet = check_fleet(options, catalog, world.stop);
  const IgnoredFindings ignored = ignored_findings(options.ignored);
  const std::unique_ptr<Session> opened = open_session(world);
  Session& session = *opened;
  if (!options.sarif.empty() && !is_log_alone) {
    std::vector<fs::path> kept{session.store.root()};
    if (!options.fleet.empty()) kept.emplace_back(options.fleet);
    check_report_place(
        "--sarif", options.sarif, parse_image_location(options.image.front()), std::move(kept));
  }
  const NamedImage found = find_image(options.image.front(), session);
  const auto images = found.set.runnable();
  if (images.empty()) {
    fail(Fault::input, "`{}` is no image, and `check` looks at images", printable(found.name));
  }
  std::vector<CheckedImage> checked;
  for (const Image* image : images) {
    const ImageFiles files = check_files(*image, found, session);
    Findings findings =
        check_image({catalog, image->config, files, machines_for(fleet, catalog, *image, images)},
                    world.settings.jobs);
    checked.push_back({image->platform().text(),
                       without_ignored(std::move(findings), ignored, session.terminal())});
  }
  const std::string log = options.sarif.empty() ? "" : check_sarif(found.name, checked);
  if (!log.empty() && !is_log_alone) write_report(options.sarif, log);
  world.terminal.result(is_log_alone   ? log
                        : world.json() ? json_line(check_json(found.name, checked))
                                       : check_text(found.name, checked));
  world.exit_code =
      check_exit_code(checked, options.strict ? Strictness::strict : Strictness::lenient);
}

}  // namespace

Command check_command() {
  using Count = ArgumentInfo::Count;
  const auto declare = [](ArgumentList& list) -> Action {
    const auto options = std::make_shared<CheckOptions>();
    list.positional({"IMAGE",
                     "",
                     "an image of the store or of a registry, oci:DIR[:TAG], oci-archive:FILE or "
                     "docker-archive:FILE",
                     {},
                     Count::required},
                    options->image);
    list.options({"--gpu", "NAME[:N]", "a GPU that it must run on, or cpu (repeatable)"},
                 options->gpus);
    list.option({"--driver", "VERSION", "the oldest driver of these machines"}, options->driver);
    list.option(
        {"--fleet", "SPEC", "take the machines from the fleet of a spec; - is the standard input"},
        options->fleet);
    list.flag({"--strict", "", "fail, too, where something could not be decided"}, options->strict);
    list.options({"--ignore", "ID=REASON", "pass over a finding, and say why (repeatable)"},
                 options->ignored);
    list.option(
        {"--sarif", "FILE", "write the findings to FILE as SARIF, too; - is the standard output"},
        options->sarif);
    return [options](World& world) { check(*options, world); };
  };
  return {
      "check",
      "say whether an image will run there, proved from its bytes",
      "Nothing is run and no GPU is needed. Exit code 9: it will not run; 11: it holds a secret "
      "or code in weights.",
      declare,
      {}};
}

}  // namespace mlpack
