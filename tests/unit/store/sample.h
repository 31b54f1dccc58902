#pragma once

#include "lib/file.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/oci/reference.h"
#include "lib/store/store.h"

#include <string>
#include <string_view>

namespace mlpack::test {

/// A layer descriptor over `bytes`, which need not be stored.
Descriptor layer_of(std::string_view bytes);

/// An image of one layer for each of `layers`, none of them stored.
Image image_of(const std::vector<std::string>& layers, std::string_view platform = "linux/amd64");

/// image_of, put with its layers and tagged.
Image put_named(Store& store, std::string_view name, const std::vector<std::string>& layers);

Descriptor descriptor_of(const Image& image);
Reference name(std::string_view text);

/// A recipe over the whole of the file `path` as it is now.
LayerRecipe recipe_over(const fs::path& path);

}  // namespace mlpack::test
