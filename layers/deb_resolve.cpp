#include "layers/deb_fetch.h"
#include "layers/deb_gpgv.h"
#include "layers/deb_index.h"
#include "layers/deb_mirror.h"
#include "layers/deb_plan_text.h"
#include "layers/deb_release.h"
#include "layers/deb_solve.h"
#include "layers/debs.h"
#include "layers/tar_deb.h"
#include "lib/catalog/distributions.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <span>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_release = std::uint64_t{4} << 20;
constexpr std::uint64_t largest_list = std::uint64_t{1} << 30;
constexpr std::uint64_t largest_package = std::uint64_t{64} << 30;
constexpr const char* release_fact = "debian release 1";
constexpr const char* plan_fact = "debian plan 1";

// One suite of one archive, its release verified.
struct Suite {
  std::string name;
  std::string mirror;
  std::size_t archive = 0;  // 0 main, 1 security
  std::string release_text;
  DebianRelease release;

  std::string folder() const { return mirror + "/dists/" + name; }
};

const Distribution& distribution_of(const DebianBase& base) {
  if (const Distribution* found = find_distribution(base.codename)) return *found;
  std::vector<std::string_view> names;
  for (const Distribution& row : distributions())
    names.push_back(row.codename);
  const auto near = did_you_mean(base.codename, names);
  throw Error(Fault::usage,
              fmt::format("`{}` is no distribution that mlpack knows", printable(base.codename)),
              near ? fmt::format("did you mean `{}`?", *near)
                   : fmt::format("it knows {}", fmt::join(names, ", ")));
}

bool is_package_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-';
  };
  return name.size() > 1 && name[0] != '+' && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

bool is_snapshot(std::string_view text) {
  const auto digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return text.size() == 16 && digits(text.substr(0, 8)) && text[8] == 'T' &&
         digits(text.substr(9, 6)) && text[15] == 'Z';
}

void check_base(const DebianBase& base) {
  for (const std::string& name : base.packages) {
    if (!is_package_name(name)) {
      fail(Fault::usage, "`{}` is not the name of a package", printable(name));
    }
  }
  if (!base.snapshot.empty() && !is_snapshot(base.snapshot)) {
    throw Error(Fault::usage,
                fmt::format("the snapshot `{}` is not a time", printable(base.snapshot)),
                "write it like 20261101T000000Z");
  }
}

std::vector<fs::path> keyrings_for(const Distribution& distribution, const DebianContext& context) {
  if (!context.keyrings.empty()) return context.keyrings;
  for (const std::string_view name : distribution.keyrings) {
    const fs::path path = fs::path(keyring_folder()) / name;
    if (fs::exists(path)) return {path};
  }
  throw Error(Fault::input,
              fmt::format("the keys that sign `{}` are not on this machine: no `{}/{}`",
                          distribution.codename,
                          keyring_folder(),
                          distribution.keyrings.front()),
              fmt::format("install the package `{}`", distribution.keyring_package));
}

std::vector<Suite> suites_of(const Distribution& distribution, const DebianMirror& mirror) {
  std::vector<Suite> suites{{std::string(distribution.release), mirror.main, 0, {}, {}},
                            {std::string(distribution.updates), mirror.main, 0, {}, {}},
                            {std::string(distribution.security), mirror.security, 1, {}, {}}};
  std::erase_if(suites, [](const Suite& suite) { return suite.name.empty(); });
  return suites;
}

std::string url_of(const Suite& suite) {
  return suite.folder() + "/InRelease";
}

std::string fetch_release(const Suite& suite, const DebianContext& context) {
  const std::string url = url_of(suite);
  StringSink sink(largest_release);
  if (context.downloader.get(url, largest_release, sink)) return std::move(sink.text);
  std::vector<std::string_view> known;
  for (const Distribution& row : distributions())
    known.push_back(row.codename);
  throw Error(Fault::refused,
              fmt::format("the mirror `{}` has no suite `{}`: it replied that there is no `{}`",
                          suite.mirror,
                          suite.name,
                          url),
              fmt::format("check `mirror`, `security_mirror` and `snapshot` of the base; of the "
                          "releases {}, a mirror may have some only",
                          fmt::join(known, ", ")));
}

std::string release_text(const Suite& suite, const DebianContext& context) {
  if (context.offline == Offline::no) return fetch_release(suite, context);
  const std::string url = url_of(suite);
  auto known = context.store.fact(release_fact, Digest::of(url));
  if (!known) fail_offline(url);
  return std::move(*known);
}

class Resolution {
 public:
  Resolution(const DebianBase& base, const DebianContext& context)
      : base_(base),
        context_(context),
        distribution_(distribution_of(base)),
        architecture_(debian_architecture(base.platform)),
        wanted_(base.packages) {
    check_base(base);
    if (!base.installed) {
      wanted_.insert(wanted_.end(),
                     distribution_.always_installed.begin(),
                     distribution_.always_installed.end());
    }
    std::sort(wanted_.begin(), wanted_.end());
    wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
    std::erase_if(wanted_, [&](const std::string& name) { return is_there(name); });
  }

  DebianPlan run() {
    if (wanted_.empty()) return {base_.codename, base_.platform, {}, {}};
    mirror_ = find_mirror(base_, distribution_, context_);
    suites_ = suites_of(distribution_, mirror_);
    read_releases();
    drop_suites_without_architecture();
    const Digest key = plan_key();
    if (const auto known = context_.store.fact(plan_fact, key)) {
      if (auto plan = parse_plan(*known)) return std::move(*plan);
    }
    DebianPlan plan{base_.codename, base_.platform, mirror_.main, packages()};
    context_.store.put_fact(plan_fact, key, write_plan(plan));
    return plan;
  }

 private:
  std::span<const std::string> installed() const {
    return base_.installed ? std::span<const std::string>(*base_.installed)
                           : std::span<const std::string>();
  }

  bool is_there(std::string_view name) const {
    const auto all = installed();
    return std::any_of(all.begin(), all.end(), [&](const std::string& paragraph) {
      return deb_field(paragraph, "Package") == name;
    });
  }

  void read_releases() {
    const std::vector<fs::path> keyrings = keyrings_for(distribution_, context_);
    // A mirror that lacks it is told about it, not about one of its updates.
    read_release(suites_.front(), keyrings);
    parallel_for(suites_.size() - 1, context_.jobs, [&](std::size_t index) {
      context_.stop.check();
      read_release(suites_[index + 1], keyrings);
    });
    if (context_.offline == Offline::yes) return;
    for (const Suite& suite : suites_)
      context_.store.put_fact(release_fact, Digest::of(url_of(suite)), suite.release_text);
  }

  void read_release(Suite& suite, const std::vector<fs::path>& keyrings) {
    const std::string url = url_of(suite);
    suite.release_text = release_text(suite, context_);
    suite.release = parse_release(verify_clear_signed(suite.release_text, keyrings, url), url);
    const bool old_is_fine = !base_.snapshot.empty() || context_.offline == Offline::yes;
    check_release(suite.release,
                  suite.name,
                  context_.now != 0 ? context_.now : std::time(nullptr),
                  old_is_fine ? ValidUntil::ignored : ValidUntil::matters,
                  url);
  }

  // Debian goes on supporting a release on fewer and fewer processors, so the others come to lack
  // the security suite; without the release itself there is nothing to build from.
  void drop_suites_without_architecture() {
    const auto lacks = [&](const Suite& suite) {
      const auto& known = suite.release.architectures;
      return std::find(known.begin(), known.end(), architecture_) == known.end();
    };
    if (lacks(suites_.front())) {
      throw Error(
          Fault::incompatible,
          fmt::format("`{}` has no packages for {}", suites_.front().folder(), architecture_),
          fmt::format("it has {}", fmt::join(suites_.front().release.architectures, ", ")));
    }
    for (const Suite& suite : suites_) {
      if (!lacks(suite)) continue;
      context_.progress.warn(fmt::format(
          "`{}` has no packages for {}: going on without it", suite.folder(), architecture_));
    }
    std::erase_if(suites_, lacks);
  }

  // Equal texts give equal plans: everything that the plan is made from goes in.
  Digest plan_key() const {
    std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n",
                                   base_.codename,
                                   base_.platform.text(),
                                   fmt::join(wanted_, " "),
                                   fmt::join(distribution_.never_installed, " "),
                                   fmt::join(distribution_.components, " "));
    for (const Suite& suite : suites_)
      text += suite.folder() + " " + Digest::of(suite.release_text).hex() + "\n";
    for (const std::string& paragraph : installed())
      text += paragraph + "\n";
    return Digest::of(text);
  }

  struct List {
    WantedFile file;
    std::size_t archive = 0;
  };

  List list_of(const Suite& suite, std::string_view component) const {
    const std::string stem = fmt::format("{}/binary-{}/Packages", component, architecture_);
    for (const char* suffix : {".xz", ".gz", ""}) {
      const auto found = suite.release.files.find(stem + suffix);
      if (found == suite.release.files.end()) continue;
      const std::string url = suite.folder() + "/" + found->first;
      WantedFile file{url, {url}, found->second.size, found->second.sha256};
      if (suite.release.by_hash) {
        const std::string folder = url.substr(0, url.rfind('/'));
        file.urls.insert(file.urls.begin(), folder + "/by-hash/SHA256/" + file.sha256.hex());
      }
      return {file, suite.archive};
    }
    fail(Fault::integrity, "`{}` names no `{}.xz`", url_of(suite), stem);
  }

  std::vector<List> lists() const {
    std::vector<List> found;
    for (const Suite& suite : suites_) {
      for (const std::string_view component : distribution_.components)
        found.push_back(list_of(suite, component));
    }
    return found;
  }

  DebIndex read_index() const {
    const std::vector<List> all = lists();
    std::vector<WantedFile> files;
    files.reserve(all.size());
    for (const List& list : all)
      files.push_back(list.file);
    fetch_files(files, "package lists of " + base_.codename, context_);
    DebIndex index;
    for (const List& list : all) {
      context_.stop.check();
      ParagraphSink sink = index.list(list.archive);
      const auto source = open_file(context_.store.cache_path(list.file.sha256));
      decompress(*source, sink, largest_list, list.file.name);
      sink.finish();
    }
    return index;
  }

  std::vector<DebPackage> packages() const {
    const DebIndex index = read_index();
    std::vector<DebPackage> found;
    check_known(index, wanted_, base_.places);
    for (const IndexedDeb* deb : solve(index, wanted_, distribution_.never_installed, installed()))
      found.push_back(package_of(*deb));
    return found;
  }

  DebPackage package_of(const IndexedDeb& deb) const {
    const auto size = parse_number(deb_field(deb.paragraph, "Size"), largest_package);
    const auto digest = Digest::from_hex(deb_field(deb.paragraph, "SHA256"));
    const std::string_view path = deb_field(deb.paragraph, "Filename");
    const bool plain = !path.empty() && !path.starts_with('/') &&
                       path.find("..") == std::string_view::npos &&
                       path.find_first_of(" \n?#") == std::string_view::npos;
    if (!size || !digest || !plain) {
      fail(Fault::integrity,
           "the index has no proper Size, SHA256 and Filename for `{}`",
           printable(deb.name));
    }
    const std::string& mirror = deb.archive == 0 ? mirror_.main : mirror_.security;
    return {std::string(deb.name),
            std::string(deb.version),
            std::string(deb_field(deb.paragraph, "Architecture")),
            *size,
            *digest,
            mirror + "/" + std::string(path)};
  }

  const DebianBase& base_;
  const DebianContext& context_;
  const Distribution& distribution_;
  std::string architecture_;
  std::vector<std::string> wanted_;
  DebianMirror mirror_;
  std::vector<Suite> suites_;
};

}  // namespace

DebianPlan resolve_debian(const DebianBase& base, const DebianContext& context) {
  return Resolution(base, context).run();
}

}  // namespace mlpack
