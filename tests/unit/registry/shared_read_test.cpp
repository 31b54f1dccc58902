#include "registry/shared_read.h"

#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::string large_text() {
  std::string text(9 << 20, 'x');
  for (std::size_t i = 0; i < text.size(); i += 4096)
    text[i] = static_cast<char>(i >> 12);
  return text;
}

std::string read_all(Source& source) {
  StringSink sink(std::size_t{64} << 20);
  copy(source, sink);
  return sink.text;
}

// Opens one text, and counts how often.
struct CountedBlob {
  std::string text = large_text();
  Descriptor blob = blob_of(text);
  std::atomic<int> opened{0};
  Stop stop;

  OpenBlob open() {
    return [this](const Descriptor&) -> std::unique_ptr<Source> {
      ++opened;
      return std::make_unique<StringSource>(text);
    };
  }
};

// Bytes of which it turns out at their end that they are to be read anew.
class WrongSource : public StringSource {
 public:
  using StringSource::StringSource;
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = StringSource::read(buffer);
    if (count > 0) return count;
    Error error(Fault::integrity, "they are others");
    error.set_again(Error::Again::helps);
    throw error;
  }
};

constexpr SharedReadPolicy patient{std::chrono::milliseconds(60'000),
                                   std::chrono::milliseconds(60'000)};
constexpr SharedReadPolicy hasty{std::chrono::milliseconds(1), std::chrono::milliseconds(1)};

}  // namespace

TEST_CASE("readers that open a blob together get all of it from one read") {
  CountedBlob blob;
  SharedBlobs shared(blob.open(), 3, blob.stop, patient);
  std::vector<std::string> texts(3);
  parallel_for(3, 3, [&](std::size_t i) { texts[i] = read_all(*shared.open(i, blob.blob)); });
  CHECK(blob.opened == 1);
  for (const std::string& text : texts)
    CHECK(text == blob.text);
}

TEST_CASE("nobody waits for a reader that does not want the blob, or has left") {
  CountedBlob blob;
  SharedBlobs shared(blob.open(), 3, blob.stop, patient);
  shared.skip(1, blob.blob.digest);
  shared.leave(2);
  CHECK(read_all(*shared.open(0, blob.blob)) == blob.text);
  CHECK(blob.opened == 1);
}

TEST_CASE("a reader that stands still goes on alone, from where it was") {
  CountedBlob blob;
  SharedBlobs shared(blob.open(), 2, blob.stop, {patient.gather, hasty.patience});
  std::vector<std::string> texts(2);
  std::atomic<bool> over{false};
  parallel_for(2, 2, [&](std::size_t i) {
    const auto source = shared.open(i, blob.blob);
    std::vector<std::byte> some(100'000);
    const std::size_t count = i == 1 ? source->read(some) : 0;
    while (i == 1 && !over)
      std::this_thread::yield();
    texts[i] = std::string(reinterpret_cast<const char*>(some.data()), count) + read_all(*source);
    over = true;
  });
  CHECK(texts[0] == blob.text);
  CHECK(texts[1] == blob.text);
  CHECK(blob.opened == 2);
}

TEST_CASE("a reader that comes late, or again, reads alone") {
  CountedBlob blob;
  SharedBlobs shared(blob.open(), 2, blob.stop, hasty);
  CHECK(read_all(*shared.open(0, blob.blob)) == blob.text);
  CHECK(read_all(*shared.open(1, blob.blob)) == blob.text);
  CHECK(read_all(*shared.open(1, blob.blob)) == blob.text);
  CHECK(blob.opened == 3);
}

TEST_CASE("a read that fails is the failure of who made it; the others read alone") {
  CountedBlob blob;
  const OpenBlob open = [&](const Descriptor&) -> std::unique_ptr<Source> {
    if (++blob.opened == 1) fail(Fault::input, "the file is gone");
    return std::make_unique<StringSource>(blob.text);
  };
  SharedBlobs shared(open, 2, blob.stop, patient);
  std::atomic<int> failed{0};
  std::atomic<int> good{0};
  parallel_for(2, 2, [&](std::size_t i) {
    const auto source = shared.open(i, blob.blob);
    try {
      if (read_all(*source) == blob.text) ++good;
    } catch (const Error& error) {
      CHECK(error.what() == std::string("the file is gone"));
      ++failed;
    }
  });
  CHECK(failed == 1);
  CHECK(good == 1);
}

TEST_CASE("where a common read was wrong, whoever has some of it begins anew") {
  CountedBlob blob;
  const std::string lie(blob.text.size() - 1, '!');
  const OpenBlob open = [&](const Descriptor&) -> std::unique_ptr<Source> {
    if (++blob.opened > 1) return std::make_unique<StringSource>(blob.text);
    return std::make_unique<WrongSource>(lie);
  };
  SharedBlobs shared(open, 3, blob.stop, patient);
  std::vector<std::string> texts(3);
  parallel_for(3, 3, [&](std::size_t i) {
    past_bad_copies([&] { texts[i] = read_all(*shared.open(i, blob.blob)); });
  });
  CHECK(blob.opened == 4);
  for (const std::string& text : texts)
    CHECK(text == blob.text);
}

TEST_CASE("a reader that went on alone fails for what the others find wrong") {
  CountedBlob blob;
  const std::string lie(blob.text.size() - 1, '!');
  const OpenBlob open = [&](const Descriptor&) -> std::unique_ptr<Source> {
    if (++blob.opened > 1) return std::make_unique<StringSource>(blob.text);
    return std::make_unique<WrongSource>(lie);
  };
  SharedBlobs shared(open, 2, blob.stop, {patient.gather, hasty.patience});
  std::atomic<bool> over{false};
  parallel_for(2, 2, [&](std::size_t i) {
    const auto source = shared.open(i, blob.blob);
    std::vector<std::byte> some(100'000);
    if (i == 1) source->read(some);
    while (i == 1 && !over)
      std::this_thread::yield();
    CHECK(error_of([&] { read_all(*source); }).again() == Error::Again::helps);
    over = true;
  });
}

TEST_CASE("a stop ends the wait for the others") {
  CountedBlob blob;
  blob.stop.request(Fault::interrupted);
  SharedBlobs shared(blob.open(), 2, blob.stop, patient);
  CHECK(error_of([&] { shared.open(0, blob.blob); }).fault() == Fault::interrupted);
}
