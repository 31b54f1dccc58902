#include "lib/spec/explain.h"
#include "lib/spec/fields.h"
#include "lib/spec/patterns.h"

#include <array>

// What goes into an image.
namespace mlpack::fields {
namespace {

constexpr TextType owner_rule{.pattern = patterns::owner, .quoting = Quoting::digits};
constexpr TextType mode_rule{.pattern = patterns::mode};
constexpr Type owner{.expected = "a quoted \"UID:GID\"", .text = &owner_rule};
constexpr Type mode{.expected = "quoted octal permissions such as \"0644\"", .text = &mode_rule};

constexpr TextType target_rule{.pattern = patterns::target, .explain = explain::target};
constexpr Type target{.expected = absolute_path.expected, .text = &target_rule};

constexpr TextType weights_name_rule{.pattern = patterns::weights_name};
constexpr Type weights_name{.expected = "letters and digits, with `.`, `_` or `-` between them",
                            .text = &weights_name_rule};
constexpr TextType weights_source_rule{.pattern = patterns::weights_source,
                                       .substitution = Substitution::replace,
                                       .explain = explain::weights_source};
constexpr Type weights_source{.expected = "a path, or hf://, https://, oci:// or s3:// and a name",
                              .text = &weights_source_rule};
constexpr TextType license_rule{.pattern = patterns::license};
constexpr Type license{.expected = "an SPDX expression such as `Apache-2.0`",
                       .text = &license_rule};
constexpr std::array weights_fields{
    Field{"name", &weights_name, "Name of the weights; default: the source's last part."},
    Field{"source",
          &weights_source,
          "Path, hf://ORG/MODEL[@REV], https://…[#sha256=…], oci://REF or s3://BUCKET/PREFIX.",
          {},
          Presence::required},
    Field{"target", &target, "Where they go; default: /models/NAME."},
    Field{"include",
          &globs,
          "gitignore-style patterns of what is taken; one that matches nothing is an error."},
    Field{"exclude",
          &globs,
          "gitignore-style patterns of what is left out; wins over include.",
          "[]"},
    Field{"license", &license, "SPDX expression of the weights' license."},
    Field{"compression", &compression, "Of the weights' layers.", "\"none\""},
};
constexpr std::array weights_refused{
    RefusedKey{"path", "write `source` for where they come from, `target` for where they go"},
    RefusedKey{"url", "write `source`"},
    RefusedKey{"model", "write `source`"},
    RefusedKey{"revision", "write it into the source: `hf://ORG/MODEL@REVISION`"},
    RefusedKey{"dest", "write `target`"},
    RefusedKey{"sha256", "write it into the source: `https://…#sha256=…`"},
};
constexpr ObjectType weights_object{.fields = weights_fields, .refused = weights_refused};
constexpr Type weights_entry{.expected = "a map with `source`", .object = &weights_object};
constexpr ListType weights_list{.item = &weights_entry};
}  // namespace

constexpr Type weights{.expected = "a list of maps with `source`", .list = &weights_list};

namespace {

constexpr TextType file_source_rule{.pattern = patterns::local_path,
                                    .substitution = Substitution::replace,
                                    .explain = explain::file_source};
constexpr Type file_source{.expected = "a path on this machine", .text = &file_source_rule};
constexpr std::array files_fields{
    Field{"source",
          &file_source,
          "File or folder; of a folder its contents are taken.",
          {},
          Presence::required},
    Field{"target",
          &target,
          "Path in the image; with a `/` at the end a file lands in it.",
          {},
          Presence::required},
    Field{"exclude", &globs, "gitignore-style patterns of what is left out.", "[]"},
    Field{"mode",
          &mode,
          "Permissions, with an x for every r for folders; default: 0644, or 0755 for folders and "
          "executable files."},
    Field{"owner", &owner, "Owner of files and folders.", "\"0:0\""},
    Field{"platform", &one_platform, "Only in images of this platform."},
};
constexpr std::array files_refused{
    RefusedKey{"include", "name the files or folders in entries of their own, or use `exclude`"},
    RefusedKey{"dest", "write `target`"},
    RefusedKey{"path", "write `source` for where it comes from, `target` for where it goes"},
};
constexpr ObjectType files_object{.fields = files_fields, .refused = files_refused};
constexpr Type files_entry{.expected = "a map with `source` and `target`", .object = &files_object};
constexpr ListType files_list{.item = &files_entry};
}  // namespace

constexpr Type files{.expected = "a list of maps with `source` and `target`", .list = &files_list};

namespace {

constexpr TextType writable_path_rule{.pattern = patterns::folder_below_root,
                                      .explain = explain::writable_path};
constexpr Type writable_path{
    .expected = "an absolute path below `/` in the image, without `.`, `..` and `//` in it",
    .text = &writable_path_rule};
constexpr ListType writable_paths_rule{.item = &writable_path, .unique = true};
}  // namespace

constexpr Type writable{.expected = "a list of absolute paths", .list = &writable_paths_rule};

}  // namespace mlpack::fields
