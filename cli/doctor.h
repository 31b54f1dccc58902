#pragma once

#include "cli/session.h"
#include "lib/check/host.h"
#include "lib/check/host_image.h"
#include "lib/check/node_rules.h"
#include "lib/check/nodes.h"
#include "lib/host/smoke.h"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// The options of `doctor` as they were typed.
struct DoctorOptions {
  std::vector<std::string> image;
  std::string nodes;
  std::string registry;
  std::string root;
  std::string capture;
  bool run = false;
  bool fix = false;
  bool strict = false;
};

/// What was found out about a host, and about an image on it.
struct DoctorReport {
  HostFacts facts;
  std::vector<HostGpus> gpus;
  std::string image;  // its name; empty: none was asked about
  Findings findings;
  std::optional<std::vector<GpuRun>> runs;  // nullopt: nothing was to run
};

/// What the host is in a few lines, a paragraph for each finding, and the verdict.
std::string doctor_text(const DoctorReport& report);
nlohmann::ordered_json doctor_json(const DoctorReport& report);
/// Adds `more` to `all`, errors first.
void add_findings(Findings& all, Findings more);
/// The commands that mend what was found, for a person to run.
std::string doctor_commands(const Findings& findings);

nlohmann::ordered_json finding_list(const Findings& findings);

/// An image that doctor is asked about, and what it has to be known of it.
class DoctorImage {
 public:
  /// The image called `name` in the store, a registry or an archive, in its form for
  /// `architecture` if it has one. Where its layers are elsewhere, they are not read.
  DoctorImage(const std::string& name, const std::string& architecture, World& world);

  const std::string& name() const { return name_; }
  HostImage facts() const;
  bool wants_gpu() const;
  /// What its compatibility artifact asks for and `features` do not have.
  Findings check_rules(const NodeFeatures& features) const;

 private:
  std::unique_ptr<Session> session_;
  std::string name_;
  std::optional<Image> image_;
  std::optional<ImageFiles> files_;
  bool has_cuda_ = false;
  std::optional<NodeRules> rules_;
};

/// The forms of an image that nodes of several architectures take, each looked at once.
class DoctorImages {
 public:
  DoctorImages(std::string name, World& world) : name_(std::move(name)), world_(world) {}

  /// As it was found, once it was.
  const std::string& name() const;
  const DoctorImage& of(const std::string& architecture);

 private:
  std::string name_;
  World& world_;
  std::map<std::string, std::unique_ptr<DoctorImage>> by_architecture_;
};

/// Whether a registry can be reached, is one, and knows who we are.
Findings check_registry(const std::string& registry, World& world);

/// A node, and what speaks against it.
struct NodeReport {
  ClusterNode node;
  Findings findings;
};
/// The nodes in what `path` names (read_given), each with what speaks against running GPU
/// containers or `images`, which may be absent.
std::vector<NodeReport> check_node_file(const std::string& path,
                                        const Catalog& catalog,
                                        DoctorImages* images,
                                        const Stop& stop);
/// `runs` where one of them runs it, else `unknown` where that is not known of one, else `fails`.
std::string nodes_verdict(const std::vector<NodeReport>& nodes);
/// A table of the nodes, and why some do not run it.
std::string nodes_text(const std::string& image, const std::vector<NodeReport>& nodes);
nlohmann::ordered_json nodes_json(const std::string& image, const std::vector<NodeReport>& nodes);

}  // namespace mlpack
