// Checks tables of templates/ and writes them as C++, while mlpack is built, so that the program
// itself never reads these files:
//
//     compile_tables TABLE INPUT.yaml OUTPUT.cpp
//     compile_tables compat OUTPUT_FOLDER INPUT.yaml…
//     compile_tables runtimes OUTPUT.cpp INPUT.yaml…
//
// The second form writes NAME_table.cpp of each input, and catalog_table.cpp.

#include "lib/catalog/compat_writer.h"
#include "lib/catalog/runtime_writer.h"
#include "lib/error.h"
#include "lib/file.h"

#include <fmt/format.h>

#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <span>

namespace mlpack {
namespace {

using Names = std::vector<std::string>;

// Names must be told apart over the whole table.
class Unique {
 public:
  void add(const TemplateMap& row, const std::string& name) {
    if (name.empty() || !seen_.insert(name).second) {
      reject(row.node(), fmt::format("`{}` is empty or is there twice", name));
    }
  }

 private:
  std::set<std::string> seen_;
};

void write_rows(TableWriter& writer,
                const std::string& type,
                const std::string& name,
                const Names& rows) {
  writer.array(type, name + "_rows", rows);
  writer.span_of(type, name);
}

struct FamilyDefaults {
  std::string archives;
  std::string lists;
  std::string keyring_package;
};

// The members of Distribution in its order: what the family gives, around the row's own.
FamilyDefaults family_defaults(TemplateMap row, TableWriter& writer) {
  FamilyDefaults family;
  const std::string security = row.text("security_archive");
  family.archives = cpp_literal(security) + ", " + cpp_literal(row.text("main_archive"));
  const std::string components = writer.list(row.list("components"));
  const std::string keyrings = writer.list(row.list("keyrings"));
  const std::string package = cpp_literal(row.text("keyring_package"));
  const std::string always = writer.list(row.list("always_installed"));
  const std::string never = writer.list(row.list("never_installed"));
  family.lists = fmt::format("{}, {}, {}, {}, {}", components, keyrings, package, always, never);
  row.finish();
  return family;
}

std::string compile_distributions(TemplateMap& root) {
  root.skip({"source", "retrieved"});
  TableWriter writer;
  writer.constant(fmt::format("const std::string_view keyring_folder = {};\n",
                              cpp_literal(root.text("keyring_folder"))));
  TemplateMap defaults(root.at("defaults"));
  const std::map<std::string, FamilyDefaults> families{
      {"debian", family_defaults(TemplateMap(defaults.at("debian")), writer)},
      {"ubuntu", family_defaults(TemplateMap(defaults.at("ubuntu")), writer)}};
  defaults.finish();
  Unique names;
  Names rows;
  for (TemplateMap& row : root.rows("distributions")) {
    const std::string codename = row.text("codename");
    names.add(row, codename);
    const std::string family = row.one_of("family", {"debian", "ubuntu"});
    const FamilyDefaults& shared = families.at(family);
    rows.push_back(fmt::format("{}, {}, Distribution::Family::{}, {}, {}, {}, {}, {}",
                               cpp_literal(codename),
                               cpp_literal(row.text("version")),
                               family,
                               cpp_literal(row.text("release")),
                               cpp_literal(row.text("updates")),
                               cpp_literal(row.text("security")),
                               shared.archives,
                               shared.lists));
    row.finish();
  }
  write_rows(writer, "Distribution", "distributions", rows);
  return writer.finish();
}

std::string upload_forms(TemplateMap& row, TableWriter& writer) {
  Names forms;
  for (const std::string& form : row.list("forms")) {
    if (form != "put" && form != "patch" && form != "chunks") {
      reject(row.node(), fmt::format("`{}` is no form of an upload", form));
    }
    forms.push_back("UploadForm::" + form);
  }
  if (forms.empty()) reject(row.node(), "a registry takes blobs in some form");
  return writer.list("UploadForm", forms);
}

// What only the fault server of the tests plays is checked and left out.
void check_play(TemplateMap& row) {
  row.number("largest_chunk");
  row.one_of("patch", {"201", "202", "405"});
  row.one_of("kept", {"all", "last"});
  row.one_of("offsets", {"checked", "ignored"});
  row.one_of("session", {"resumes", "breaks"});
  row.one_of("mount", {"from", "any", "none", "manifest"});
  row.one_of("referrers", {"api", "none", "page"});
  row.one_of("errors", {"json", "page"});
}

std::string compile_registries(TemplateMap& root) {
  TableWriter writer;
  Unique names;
  Names rows;
  for (TemplateMap& row : root.rows("registries")) {
    const std::string name = row.text("name");
    names.add(row, name);
    const std::string hosts = writer.list(row.list("hosts"));
    const std::uint64_t largest = row.has("largest_layer")
                                      ? row.number("largest_layer")
                                      : std::numeric_limits<std::uint64_t>::max();
    const std::string forms = upload_forms(row, writer);
    const std::uint64_t body = row.number("largest_body");
    const std::uint64_t chunk = row.number("chunk");
    const std::string ranges = row.one_of("ranges", {"exact", "ignored"});
    rows.push_back(fmt::format("{}, {}, {}U, {}, {}U, {}U, UploadRanges::{}",
                               cpp_literal(name),
                               hosts,
                               largest,
                               forms,
                               body,
                               chunk,
                               ranges));
    check_play(row);
    if (row.text("source").empty() || row.text("retrieved").empty()) {
      reject(row.node(), "a row needs a source and a date");
    }
    row.finish();
  }
  write_rows(writer, "Registry", "registries", rows);
  return writer.finish();
}

void compile(std::string_view table, const fs::path& input, const fs::path& output) {
  const TemplateNode file = read_template(input);
  TemplateMap root(file);
  std::string text;
  if (table == "distributions") {
    text = compile_distributions(root);
  } else if (table == "registries") {
    text = compile_registries(root);
  } else {
    fail(Fault::usage, "no table is called {}", table);
  }
  root.finish();
  write_file(output, text);
}

struct CompatFile {
  std::string name;  // `gpus`
  TemplateNode root;
  std::vector<CompatTable> tables;
};

// What has no columns is not a table of the catalog: how names of other vendors begin.
CompatFile read_compat_file(const fs::path& path, CatalogPool& pool) {
  CompatFile file{path.stem(), read_template(path), {}};
  for (std::size_t i = 0; i < file.root.keys.size(); ++i) {
    if (!TemplateMap(file.root.items[i]).has("columns")) continue;
    file.tables.emplace_back(file.root.keys[i], file.root.items[i], path, pool);
  }
  return file;
}

void write_other_vendors(const TemplateNode& file, TableWriter& writer) {
  TemplateMap root(file);
  TemplateMap others(root.at("other_vendors"));
  Names rows;
  for (TemplateMap& row : others.rows("rows")) {
    const std::string vendor = cpp_literal(row.text("vendor"));
    rows.push_back(fmt::format("{}, {}", vendor, writer.list(row.list("begins"))));
    row.finish();
  }
  others.finish();
  write_rows(writer, "OtherVendor", "other_vendors", rows);
}

void check_compat(const std::vector<CompatFile>& files) {
  std::vector<const CatalogTable*> tables;
  for (const CompatFile& file : files) {
    for (const CompatTable& table : file.tables)
      tables.push_back(&table.table);
  }
  for (const RowProblem& problem : check_tables(tables)) {
    fail(Fault::input, "{}: {}", problem.row->origin, problem.message);
  }
}

void compile_compat(const fs::path& folder, std::span<char* const> inputs) {
  CatalogPool pool;
  std::vector<CompatFile> files;
  for (const fs::path input : inputs)
    in_context(input, [&] { files.push_back(read_compat_file(input, pool)); });
  check_compat(files);
  Names names;
  for (const CompatFile& file : files) {
    TableWriter writer;
    for (const CompatTable& table : file.tables) {
      write_compat_table(table, writer);
      names.emplace_back(table.table.name);
    }
    if (file.name == "gpus") write_other_vendors(file.root, writer);
    write_file(folder / (file.name + "_table.cpp"), writer.finish());
  }
  write_file(folder / "catalog_table.cpp", catalog_source(names));
}

void compile_runtimes(const fs::path& output, std::span<char* const> inputs) {
  RuntimeWriter writer;
  for (const fs::path input : inputs) {
    in_context(input, [&] { writer.add(read_template(input)); });
  }
  write_file(output, writer.finish());
}

int run(std::span<char* const> arguments) {
  if (arguments.size() < 4) {
    std::fputs(
        "usage: compile_tables TABLE INPUT OUTPUT, or compat FOLDER INPUT..., or runtimes "
        "OUTPUT INPUT...\n",
        stderr);
    return 2;
  }
  const std::string_view table = arguments[1];
  try {
    if (table == "compat") {
      compile_compat(arguments[2], arguments.subspan(3));
    } else if (table == "runtimes") {
      compile_runtimes(arguments[2], arguments.subspan(3));
    } else {
      in_context(arguments[2], [&] { compile(table, arguments[2], arguments[3]); });
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace mlpack

int main(int argc, char** argv) {
  return mlpack::run({argv, static_cast<std::size_t>(argc)});
}
