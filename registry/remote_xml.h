#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// An element of an XML document: its name, and either its text or what is in it.
struct XmlElement {
  std::string name;
  std::string text;  // of its own, entities replaced
  std::vector<XmlElement> children;

  /// The first child of that name; nullptr where there is none.
  const XmlElement* find(std::string_view child) const;
  /// The text of that child, empty where there is none.
  std::string text_of(std::string_view child) const;
};

/// The root of what services reply with, a small part of XML 1.0: elements, attributes (not kept),
/// text, the five entities and character references. nullopt for anything else, a DOCTYPE, CDATA,
/// comments and instructions included; for more than 16 levels; and for more than `most` elements.
std::optional<XmlElement> parse_xml(std::string_view text, std::size_t most);

}  // namespace mlpack
