#include "lib/digest_git.h"

#include "lib/error.h"

#include <openssl/evp.h>

#include <array>

namespace mlpack {
namespace {

void check(int result) {
  if (result != 1) fail(Fault::internal, "openssl: SHA-1 cannot be used");
}

struct FreeSha1Context {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct GitHasher::State {
  std::unique_ptr<EVP_MD_CTX, FreeSha1Context> context{EVP_MD_CTX_new()};
};

GitHasher::GitHasher(std::uint64_t size) : state_(std::make_unique<State>()) {
  check(state_->context ? 1 : 0);
  check(EVP_DigestInit_ex2(state_->context.get(), EVP_sha1(), nullptr));
  std::string head = fmt::format("blob {}", size);
  head += '\0';
  write(as_bytes(head));
}

GitHasher::~GitHasher() = default;

void GitHasher::write(Bytes bytes) {
  check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

std::string GitHasher::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> raw = {};
  unsigned length = 0;
  check(EVP_DigestFinal_ex(state_->context.get(), raw.data(), &length));
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += fmt::format("{:02x}", raw[i]);
  }
  return text;
}

}  // namespace mlpack
