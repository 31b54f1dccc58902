#pragma once

#include "lib/spec/type.h"

namespace mlpack::explain {

/// Each says what is wrong with a text that its type's pattern refused, where that is a well-known
/// mistake; nullopt where the general message is all there is to say.
std::optional<Complaint> image(std::string_view text);
std::optional<Complaint> base(std::string_view text);
std::optional<Complaint> debian(std::string_view text);
std::optional<Complaint> platform(std::string_view text);
std::optional<Complaint> url(std::string_view text);
std::optional<Complaint> weights_source(std::string_view text);
std::optional<Complaint> file_source(std::string_view text);
std::optional<Complaint> absolute_path(std::string_view text);
std::optional<Complaint> target(std::string_view text);
std::optional<Complaint> writable_path(std::string_view text);
std::optional<Complaint> gpu(std::string_view text, const Catalog& catalog);
std::optional<Complaint> runtime(std::string_view text);
std::optional<Complaint> requirements(std::string_view text);
std::optional<Complaint> lock(std::string_view text);
std::optional<Complaint> requirement(std::string_view text);
std::optional<Complaint> system_package(std::string_view text);
std::optional<Complaint> secret_name(std::string_view text);

}  // namespace mlpack::explain
