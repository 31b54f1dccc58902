#include "lib/catalog/distributions.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;

TEST_CASE("Debian has a security archive of its own") {
  const Distribution* const bookworm = find_distribution("bookworm");
  REQUIRE(bookworm != nullptr);
  CHECK(bookworm->family == Distribution::Family::debian);
  CHECK(bookworm->version == "12");
  CHECK(bookworm->release == "bookworm");
  CHECK(bookworm->updates == "bookworm-updates");
  CHECK(bookworm->security == "bookworm-security");
  CHECK(bookworm->main_archive == "debian");
  CHECK(bookworm->security_archive == "debian-security");
  CHECK(bookworm->components.size() == 1);
  CHECK(bookworm->keyrings[0] == "debian-archive-keyring.gpg");
  CHECK(keyring_folder() == "/usr/share/keyrings");
}

TEST_CASE("Ubuntu has its security suite in the main archive") {
  const Distribution* const noble = find_distribution("noble");
  REQUIRE(noble != nullptr);
  CHECK(noble->family == Distribution::Family::ubuntu);
  CHECK(noble->security_archive.empty());
  CHECK(noble->components.size() == 2);
}

TEST_CASE("an unknown codename is not found") {
  CHECK(find_distribution("sarge") == nullptr);
  CHECK(find_distribution("12") == nullptr);
  CHECK(find_distribution("") == nullptr);
}

TEST_CASE("every distribution installs base-files and leaves dpkg out") {
  for (const Distribution& row : distributions()) {
    const auto has = [](std::span<const std::string_view> list, std::string_view name) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    CHECK(has(row.always_installed, "base-files"));
    CHECK(has(row.never_installed, "dpkg"));
  }
}
