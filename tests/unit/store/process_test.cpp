#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/sample.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace mlpack;
using test::image_of;
using test::name;
using test::put_named;
using test::recipe_over;
using test::TempDir;

namespace {

/// A child process that runs `work`, telling how far it is through a pipe.
class Child {
 public:
  using Step = std::function<void()>;

  explicit Child(const std::function<void(const Step&)>& work) {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      run(work, ends[1]);
    }
    ::close(ends[1]);
    steps_ = Fd(ends[0]);
  }

  /// Returns once the child has made `count` steps, or has ended.
  void wait_for_steps(int count) const {
    char step = 0;
    for (int i = 0; i < count; ++i) {
      if (::read(steps_.get(), &step, 1) != 1) return;
    }
  }

  /// Its exit status, or minus the signal that ended it.
  int wait() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  void kill() const { ::kill(pid_, SIGKILL); }

 private:
  [[noreturn]] static void run(const std::function<void(const Step&)>& work, int end) {
    int status = 0;
    try {
      work([end] {
        if (::write(end, "x", 1) != 1) ::_exit(2);
      });
    } catch (const std::exception&) {
      status = 1;
    }
    ::_exit(status);
  }

  pid_t pid_ = -1;
  Fd steps_;
};

void put_and_remember(const fs::path& root, int number) {
  Store store(root);
  const std::string own = fmt::format("layer {}", number);
  put_named(store, fmt::format("image:{}", number), {"shared", own});
  const KnownLayer known{test::layer_of(own), Digest::of(own)};
  store.remember_layer(Digest::of(own), LayerRecipe(), 0, known);
  store.put_origin(Digest::of("shared"), name(fmt::format("registry.example.com/r{}", number)));
}

}  // namespace

TEST_CASE("processes that put the same image under different names all succeed") {
  const TempDir dir;
  const fs::path root = dir / "store";
  std::vector<std::unique_ptr<Child>> children;
  for (int c = 0; c < 4; ++c) {
    children.push_back(std::make_unique<Child>([&](const Child::Step&) {
      for (int i = 0; i < 10; ++i)
        put_and_remember(root, i * 4 + c);
    }));
  }
  for (const auto& child : children)
    CHECK(child->wait() == 0);
  Store store(root);
  CHECK(store.images().size() == 40);
  CHECK(store.origins(Digest::of("shared")).size() == 40);
  for (int i = 0; i < 40; ++i)
    CHECK(store.known_layer(Digest::of(fmt::format("layer {}", i))));
  CHECK(store.verify(2).problems.empty());
  CHECK(store.gc(Store::Gc::unreferenced).removed == 0);
}

TEST_CASE("processes that give one name to the same image all succeed") {
  const TempDir dir;
  const auto put = [&](const Child::Step&) {
    Store store(dir / "store");
    for (int i = 0; i < 20; ++i)
      put_named(store, "a:1", {std::string(100'000, 'x')});
  };
  Child first(put);
  Child second(put);
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(Store(dir / "store").images().size() == 1);
}

TEST_CASE("a store is sound and usable whenever its user was killed") {
  const TempDir dir;
  const fs::path root = dir / "store";
  for (int round = 0; round < 20; ++round) {
    Child child([&](const Child::Step& step) {
      for (int i = 0; i < 1000; ++i) {
        put_and_remember(root, i);
        step();
      }
    });
    child.wait_for_steps(1 + round);
    child.kill();
    CHECK(child.wait() == -SIGKILL);
    std::vector<std::string> warnings;
    Store store(root, [&](const std::string& text) { warnings.push_back(text); });
    CHECK(store.verify(1).problems.empty());
    CHECK(warnings.empty());
    put_named(store, "after:1", {"after"});
    CHECK_NOTHROW(store.gc(Store::Gc::unreferenced));  // the lock died with its holder
    CHECK(store.images().size() >= static_cast<std::size_t>(1 + round));
  }
}

TEST_CASE("what a killed process had half written never has a final name") {
  const TempDir dir;
  const fs::path root = dir / "store";
  Child child([&](const Child::Step& step) {
    const Store store(root);
    const auto blob = store.new_blob();
    blob->write(as_bytes("half"));
    step();
    ::pause();
  });
  child.wait_for_steps(1);
  child.kill();
  CHECK(child.wait() == -SIGKILL);
  Store store(root);
  CHECK(store.verify(1).blobs == 0);
  const StoreReport report = store.gc(Store::Gc::unreferenced);
  CHECK(report.removed == 1);
  CHECK(report.removed_bytes == 4);
}

TEST_CASE("garbage is not collected while another process works with the store") {
  const TempDir dir;
  const fs::path root = dir / "store";
  Child child([&](const Child::Step& step) {
    Store store(root);
    store.put_blob("about to be named");
    step();
    ::pause();
  });
  child.wait_for_steps(1);
  Store store(root);
  CHECK_THROWS_AS(store.gc(Store::Gc::unreferenced), Error);
  CHECK(store.has_blob(Digest::of("about to be named")));
  child.kill();
  child.wait();
  CHECK(store.gc(Store::Gc::unreferenced).removed == 1);
}

namespace {

constexpr uid_t nobody = 65534;

// Runs `work` as a user who may read the folder and not write to it; false where it throws.
bool works_for_a_reader(const fs::path& folder, const std::function<void()>& work) {
  fs::permissions(folder, fs::perms{0755});
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms{0555} : fs::perms{0444});
  }
  Child child([&](const Child::Step&) {
    if (::geteuid() == 0 && ::setuid(nobody) != 0) ::_exit(2);
    work();
  });
  const int status = child.wait();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms{0755});
  }
  REQUIRE(status != 2);
  return status == 0;
}

void require(bool holds) {
  if (!holds) throw std::logic_error("it does not hold");
}

}  // namespace

TEST_CASE("a store that may only be read is read, locked, and left as it is") {
  const TempDir dir;
  const fs::path root = dir / "store";
  {
    Store store(root);
    put_named(store, "a:1", {"x"});
    store.put_recipe(Digest::of("weights"), LayerRecipe());
  }
  CHECK(works_for_a_reader(dir.path(), [&] {
    std::vector<std::string> warnings;
    Store store(
        root, [&](const std::string& text) { warnings.push_back(text); }, Store::Access::read);
    require(store.is_there() && store.images().size() == 1);
    require(store.load_image(*store.find(name("a:1"))).manifest.layers.size() == 1);
    require(store.recipe(Digest::of("weights")).has_value());
    require(FileLock::try_lock(root / "lock", FileLock::Mode::shared)->is_at(root / "lock"));
    store.put_origin(Digest::of("x"), name("registry.example.com/r"));
    require(warnings.empty());
  }));
  CHECK(Store(root).origins(Digest::of("x")).empty());
  CHECK_FALSE(works_for_a_reader(dir.path(), [&] { const Store store(root); }));
}

TEST_CASE("garbage is collected once the other process is done") {
  const TempDir dir;
  const fs::path root = dir / "store";
  Child child([&](const Child::Step& step) {
    Store store(root);
    store.put_blob("never named");
    step();
    ::pause();
  });
  child.wait_for_steps(1);
  Store store(root);
  std::vector<std::string> said;
  const auto say = [&](const std::string& text) {
    said.push_back(text);
    child.kill();
  };
  CHECK(store.gc(Store::Gc::unreferenced, {std::chrono::minutes(5), say, nullptr}).removed == 1);
  child.wait();
  CHECK(said == std::vector<std::string>{"waiting for another mlpack to be done with the store `" +
                                         root.string() + "`"});
}
