#include "lib/catalog/distributions.h"
#include "lib/spec/explain.h"
#include "lib/spec/fields.h"
#include "lib/spec/patterns.h"
#include "lib/spec/rules.h"

#include <array>

// What an image is built on.
namespace mlpack::fields {
namespace {

using Names = std::vector<std::string_view>;

Names codename_choices(const Catalog& /*catalog*/) {
  Names names;
  for (const Distribution& row : distributions())
    names.push_back(row.codename);
  return names;
}
constexpr TextType codename_rule{.choices = codename_choices, .explain = explain::debian};
constexpr Type codename{.expected = "the codename of a release such as `bookworm`",
                        .text = &codename_rule};
constexpr TextType snapshot_rule{.pattern = patterns::snapshot};
constexpr Type snapshot{.expected = "a time such as `20261101T000000Z`", .text = &snapshot_rule};
constexpr std::array debian_fields{
    Field{"debian", &codename, "Codename of a Debian or Ubuntu release.", {}, Presence::required},
    Field{"mirror",
          &url,
          "Archive to take packages from; default: MLPACK_DEBIAN_MIRROR, else the host's apt "
          "configuration."},
    Field{"security_mirror", &url, "Archive of the security suite, where it has another address."},
    Field{"snapshot", &snapshot, "Use the archive as it was at this time."},
};
constexpr std::array debian_refused{
    RefusedKey{"ubuntu", "write `debian: CODENAME` for Ubuntu's releases too"},
    RefusedKey{"image", "write the reference itself: `base: IMAGE`"},
    RefusedKey{"packages", "write `system_packages` beside `base`"},
};
constexpr ObjectType debian_object{.fields = debian_fields, .refused = debian_refused};
constexpr TextType base_rule{
    .pattern = patterns::base, .substitution = Substitution::replace, .explain = explain::base};
}  // namespace

constexpr Type base{
    .expected = "`auto`, `scratch`, an image, `oci:PATH[:TAG]` or `{debian: CODENAME}`",
    .text = &base_rule,
    .object = &debian_object};

namespace {

constexpr TextType package_rule{.pattern = patterns::system_package,
                                .explain = explain::system_package};
constexpr Type system_package{.expected = "the name of a package", .text = &package_rule};
constexpr ListType system_packages_rule{.item = &system_package, .unique = true};
}  // namespace

constexpr Type system_packages{.expected = "a list of package names",
                               .list = &system_packages_rule};

namespace {

constexpr TextType python_version_rule{.pattern = patterns::python_version};
constexpr Type python_version{.expected = "a quoted version such as \"3.12\"",
                              .text = &python_version_rule};
constexpr TextType requirements_rule{.pattern = patterns::requirements,
                                     .explain = explain::requirements};
constexpr Type requirements{.expected = "a path to a requirements.txt or pyproject.toml",
                            .text = &requirements_rule};
constexpr TextType lock_rule{.pattern = patterns::lock, .explain = explain::lock};
constexpr Type lock{.expected = "a path to a pylock.toml or uv.lock", .text = &lock_rule};
constexpr TextType requirement_rule{.pattern = patterns::requirement,
                                    .explain = explain::requirement};
constexpr Type requirement{.expected = "a requirement such as `torch==2.9.0`",
                           .text = &requirement_rule};
constexpr ListType requirement_list{.item = &requirement, .unique = true};
constexpr Type packages{.expected = "a list of requirements", .list = &requirement_list};
constexpr TextType extra_rule{.pattern = patterns::extra};
constexpr Type extra{.expected = "a name", .text = &extra_rule};
constexpr ListType extras_rule{.item = &extra, .unique = true};
constexpr Type extras{.expected = "a list of names", .list = &extras_rule};
constexpr ListType local_paths_rule{.item = &local_path, .unique = true};
constexpr Type local_paths{.expected = "a list of folders", .list = &local_paths_rule};
constexpr TextType install_rule{.choices = [](const Catalog& /*catalog*/) {
  return Names{"venv", "base"};
}};
constexpr Type install{.expected = "`venv` or `base`", .text = &install_rule};
constexpr std::array python_fields{
    Field{"version", &python_version, "Version of Python; default: chosen by the resolver."},
    Field{"requirements", &requirements, "A requirements.txt, or a pyproject.toml."},
    Field{"lock", &lock, "A pylock.toml or uv.lock."},
    Field{"packages", &packages, "Requirements, instead of a file."},
    Field{"extras", &extras, "Extras of the pyproject.toml or lock.", "[]"},
    Field{"groups", &extras, "Dependency groups of the pyproject.toml or lock.", "[]"},
    Field{"index_url", &url, "Package index; default: the environment's."},
    Field{"extra_index_urls", &urls, "Further package indexes.", "[]"},
    Field{"find_links", &local_paths, "Folders with ready wheels.", "[]"},
    Field{"install",
          &install,
          "`venv`: /opt/venv; `base`: the base interpreter's own site directory.",
          "\"venv\""},
};
constexpr std::array python_refused{
    RefusedKey{"conda", "only Python wheels can be installed; list them in a requirements.txt"},
    RefusedKey{"environment",
               "only Python wheels can be installed; list them in a requirements.txt"},
    RefusedKey{"poetry", "export it: `poetry export -f requirements.txt -o requirements.txt`"},
    RefusedKey{"pip", "write `requirements: FILE` or `packages: […]`"},
    RefusedKey{"python_version", "write `version`"},
};
constexpr ObjectType python_object{
    .fields = python_fields, .refused = python_refused, .rules = rules::python_schema};
}  // namespace

constexpr Type python{.expected = "a map such as `{version: \"3.12\", requirements: FILE}`",
                      .object = &python_object};

}  // namespace mlpack::fields
