#include "lib/model/weight_index.h"

#include "lib/model/damage.h"
#include "lib/model/json_walk.h"

#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_index = std::uint64_t{64} << 20;

[[noreturn]] void refuse_index(const std::string& why) {
  throw Damage("is a bad index", why);
}

class Visitor : public JsonVisitor {
 public:
  void opened(const JsonPath& path, Kind kind) override {
    const bool is_map = path.size() == 1 && path[0] == "weight_map";
    if (is_map && kind != Kind::object) refuse_index("its `weight_map` is not of names");
  }

  void value(const JsonPath& path, JsonScalar value) override {
    if (path.size() != 2) {
      if (path.front() == "weight_map") refuse_index("its `weight_map` is not of names");
      return;
    }
    if (path[0] == "metadata" && path[1] == "total_size") {
      if (const auto* number = std::get_if<std::uint64_t>(&value)) found.total_size = *number;
    }
    if (path[0] != "weight_map") return;
    auto* const shard = std::get_if<std::string>(&value);
    if (shard == nullptr) refuse_index("its `weight_map` is not of names");
    found.shards[*shard].push_back(path[1]);
  }

  WeightIndex found;
};

}  // namespace

WeightIndex read_weight_index(const ReadAt& file) {
  const std::uint64_t size = file.size();
  if (size > largest_index)
    refuse_index(fmt::format("it has {} bytes, and 64 MiB are the most", size));
  Cursor text(file, 0, size);
  Visitor visitor;
  walk_json(text, "index", visitor);
  if (visitor.found.shards.empty()) refuse_index("it has no `weight_map`");
  return std::move(visitor.found);
}

}  // namespace mlpack
