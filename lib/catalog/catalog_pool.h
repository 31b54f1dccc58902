#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {

/// What the views of rows that are not compiled in look at.
class CatalogPool {
 public:
  std::string_view text(std::string text) { return *keep(std::move(text)); }
  template <class Item>
  std::span<const Item> list(std::vector<Item> items) {
    return *keep(std::move(items));
  }
  std::span<const std::string_view> texts(std::vector<std::string> texts) {
    std::vector<std::string_view> views;
    views.reserve(texts.size());
    for (std::string& part : texts)
      views.push_back(text(std::move(part)));
    return list(std::move(views));
  }
  template <class Value>
  const Value* keep(Value value) {
    auto kept = std::make_shared<const Value>(std::move(value));
    const Value* const address = kept.get();
    kept_.push_back(std::move(kept));
    return address;
  }

 private:
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace mlpack
