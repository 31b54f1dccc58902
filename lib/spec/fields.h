#pragma once

#include "lib/spec/explain.h"
#include "lib/spec/patterns.h"
#include "lib/spec/type.h"

/// The types of the spec's keys, and texts and lists that several of them share.
namespace mlpack::fields {

extern const Type fleet;
extern const Type cuda;
extern const Type runtime;
extern const Type base;
extern const Type system_packages;
extern const Type python;
extern const Type weights;
extern const Type files;
extern const Type writable;
extern const Type entrypoint;
extern const Type run;
extern const Type ports;
extern const Type health;
extern const Type env;
extern const Type secrets;
extern const Type user;
extern const Type labels;
extern const Type resources;
extern const Type layers;

inline constexpr TextType literal_rule{.may_be_empty = true, .substitution = Substitution::literal};
inline constexpr Type literal_text{.expected = "text", .text = &literal_rule};
inline constexpr ListType arguments_rule{.item = &literal_text};

inline constexpr TextType absolute_path_rule{.pattern = patterns::absolute_path,
                                             .explain = explain::absolute_path};
inline constexpr Type absolute_path{
    .expected = "an absolute path in the image, without `.`, `..` and `//` in it",
    .text = &absolute_path_rule};
inline constexpr TextType local_path_rule{.pattern = patterns::local_path};
inline constexpr Type local_path{.expected = "a path on this machine", .text = &local_path_rule};

inline constexpr TextType glob_rule{.pattern = patterns::glob};
inline constexpr Type glob{.expected = "a gitignore-style pattern such as \"*.safetensors\"",
                           .text = &glob_rule};
inline constexpr ListType globs_rule{.item = &glob, .unique = true};
inline constexpr Type globs{.expected = "a list of gitignore-style patterns", .list = &globs_rule};

inline constexpr TextType url_rule{
    .pattern = patterns::url, .substitution = Substitution::replace, .explain = explain::url};
inline constexpr Type url{.expected = "a URL that begins with `https://` or `http://`",
                          .text = &url_rule};
inline constexpr ListType urls_rule{.item = &url, .unique = true};
inline constexpr Type urls{.expected = "a list of URLs", .list = &urls_rule};

inline constexpr TextType platform_rule{.choices =
                                            [](const Catalog& /*catalog*/) {
                                              return std::vector<std::string_view>{"linux/amd64",
                                                                                   "linux/arm64",
                                                                                   "linux/arm/v7",
                                                                                   "linux/386",
                                                                                   "linux/ppc64le",
                                                                                   "linux/s390x",
                                                                                   "linux/riscv64"};
                                            },
                                        .explain = explain::platform};
inline constexpr Type one_platform{.expected = "a platform such as `linux/amd64`",
                                   .text = &platform_rule};

inline constexpr TextType compression_rule{.choices = [](const Catalog& /*catalog*/) {
  return std::vector<std::string_view>{"zstd", "gzip", "none"};
}};
inline constexpr Type compression{.expected = "`zstd`, `gzip` or `none`",
                                  .text = &compression_rule};

}  // namespace mlpack::fields
