#include "cli/attach.h"
#include "cli/check.h"
#include "cli/doctor.h"
#include "lib/check/cuda_facts.h"
#include "lib/text.h"

namespace mlpack {
namespace {

const Image& image_for(const std::string& architecture, const std::vector<const Image*>& images) {
  for (const Image* image : images)
    if (image->platform().architecture == architecture) return *image;
  return *images.front();
}

}  // namespace

DoctorImage::DoctorImage(const std::string& name, const std::string& architecture, World& world)
    : session_(open_session(world)) {
  const NamedImage found = find_image(name, *session_);
  const auto images = found.set.runnable();
  if (images.empty()) {
    fail(Fault::input, "`{}` is no image, and `doctor` looks at images", printable(found.name));
  }
  name_ = found.name;
  image_ = image_for(architecture, images);
  rules_ = compatibility_of(found, *image_, *session_);
  if (found.place == NamedImage::Place::registry) return;
  files_ = check_files(*image_, found, *session_);
  has_cuda_ = cuda_facts(Catalog::built_in(), *files_, image_->config).version.has_value();
}

const std::string& DoctorImages::name() const {
  return by_architecture_.empty() ? name_ : by_architecture_.begin()->second->name();
}

const DoctorImage& DoctorImages::of(const std::string& architecture) {
  std::unique_ptr<DoctorImage>& image = by_architecture_[architecture];
  if (!image) image = std::make_unique<DoctorImage>(name_, architecture, world_);
  return *image;
}

HostImage DoctorImage::facts() const {
  HostImage image = host_image(*image_);
  image.files = files_ ? &*files_ : nullptr;
  return image;
}

Findings DoctorImage::check_rules(const NodeFeatures& features) const {
  return rules_ ? check_node_rules(*rules_, features) : Findings();
}

bool DoctorImage::wants_gpu() const {
  return has_cuda_ || needs_of(image_->config).gpu;
}

}  // namespace mlpack
