#include "lib/store/layout.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"

#include <nlohmann/json.hpp>

namespace mlpack {
namespace {

constexpr std::uint64_t max_index_bytes = std::uint64_t{64} << 20;
constexpr std::string_view version_text = R"({"imageLayoutVersion":"1.0.0"})";

fs::path lock_path(const fs::path& root) {
  return root / "index.lock";
}

Index empty_index() {
  return {std::string(media_type::oci_index), {}, {}};
}

// `oci-layout` (image-layout.md). Other tools may have written it with other white space.
void check_version(std::string_view text, const fs::path& path) {
  if (text == version_text) return;
  const Document document{
      "`" + path.string() + "`", Fault::input, "name another folder, or move this one away"};
  const nlohmann::ordered_json json = parse_document(text, document);
  const JsonNode version = JsonNode(json, document).at("imageLayoutVersion");
  if (version.text() != "1.0.0") version.refuse("is " + in_backticks(version.text()));
}

}  // namespace

bool is_layout(const fs::path& root) {
  const fs::path path = root / "oci-layout";
  const auto version = read_file_if_exists(path, max_manifest_bytes);
  if (version) check_version(*version, path);
  return version.has_value();
}

// Its mark comes first: what a killed process left is then a layout, and is completed.
void create_layout(const fs::path& root) {
  if (is_layout(root) && fs::exists(root / "index.json")) return;
  const PassingLock lock(lock_path(root));
  write_file(root / "oci-layout", version_text);
  make_folders(root / "blobs" / "sha256");
  if (!fs::exists(root / "index.json")) {
    write_file(root / "index.json", write_index(empty_index()));
  }
}

Index read_layout(const fs::path& root) {
  const fs::path path = root / "index.json";
  const auto text = read_file_if_exists(path, max_index_bytes);
  if (!text) return empty_index();
  return parse_layout_index(*text,
                            "the list of images `" + path.string() + "`",
                            "put it back from a copy, or delete it and make the images anew: of "
                            "their layers, those that are there are found again");
}

void update_layout(const fs::path& root, const std::function<bool(Index&)>& change) {
  const PassingLock lock(lock_path(root));
  Index index = read_layout(root);
  if (change(index)) write_file(root / "index.json", write_index(index));
}

}  // namespace mlpack
