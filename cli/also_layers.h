#pragma once

#include "cli/also.h"
#include "layers/debs.h"
#include "layers/pack.h"
#include "lib/model/model.h"

#include <map>
#include <string>
#include <vector>

namespace mlpack {

/// The shells of images of weights, by platform.
using Shells = std::map<std::string, LayerRecipe>;

/// What there is to run in a weights-image of `spec` for each of `platforms`, its package in the
/// store's cache: of the base, where that is a release of Debian or Ubuntu, else of Debian 12.
/// None where no weights-image is wished for.
Shells find_shells(const Spec& spec,
                   const std::vector<AlsoWish>& wishes,
                   const std::vector<Platform>& platforms,
                   const DebianContext& context);

/// What images and artifacts of weights are made with; everything must outlive it.
struct AlsoContext {
  const Shells& shells;
  Store& store;
  PackContext pack;
  OpenRemoteReadAt open_remote;  // for weights in the network
};

/// The weights of `built` as an image of their own, its other layers in the store.
Image make_weights_image(AlsoKind kind,
                         const Spec& spec,
                         const BuiltImage& built,
                         const AlsoContext& context);

/// The labels of an image or artifact that holds nothing but weights of `spec`, and their licenses.
std::map<std::string, std::string> labels_of_weights(const Spec& spec);
std::vector<std::string> licenses_of_weights(const Spec& spec);

}  // namespace mlpack
