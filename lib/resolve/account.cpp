#include "lib/resolve/account.h"

#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <limits>

namespace mlpack {
namespace {

// The number that distroless images gave the user who is nobody in particular.
constexpr unsigned nonroot = 65532;

struct Ids {
  unsigned uid;
  unsigned gid;
};

// `uid[:gid]` in digits; nullopt for names.
std::optional<Ids> numeric(std::string_view user) {
  const auto parts = split(user, ':');
  constexpr std::uint64_t max = std::numeric_limits<unsigned>::max() - 1;
  const auto uid = parse_number(parts[0], max);
  const auto gid = parts.size() == 2 ? parse_number(parts[1], max) : uid;
  if (!uid || !gid || parts.size() > 2) return std::nullopt;
  return Ids{static_cast<unsigned>(*uid), static_cast<unsigned>(*gid)};
}

bool keeps_the_bases_command(const Spec& spec) {
  return !spec.run && !spec.entrypoint && !spec.runtime;
}

std::string choose_user(const Spec& spec, const BaseFacts& base, Plan& plan) {
  const std::string& inherited = base.config.user;
  if (!spec.user.empty()) {
    return spec.user;
  }
  if (keeps_the_bases_command(spec) && base.kind == BaseFacts::Kind::image) {
    if (is_root(inherited)) {
      plan.warnings.push_back(
          {"the image runs as root",
           fmt::format("the base `{}` does, and the spec starts nothing else", base.name),
           "set `user: \"65532:65532\"`"});
    }
    return inherited;
  }
  if (!is_root(inherited)) {
    plan.decisions.push_back(
        {"user", inherited, {fmt::format("the base `{}` runs as it", base.name)}});
    return inherited;
  }
  const ServingRuntime* const runtime = runtime_of(spec);
  if (runtime != nullptr && !runtime->user.empty()) {
    const std::string own(runtime->user);
    plan.decisions.push_back({"user", own, {fmt::format("{} runs as it", runtime->title)}});
    return own;
  }
  const std::string chosen = fmt::format("{0}:{0}", nonroot);
  const bool has_user = base.kind == BaseFacts::Kind::image;
  plan.decisions.push_back(
      {"user",
       chosen,
       {has_user ? "the base runs as root" : "the base names none", "the spec names no user"}});
  return chosen;
}

// Of `user`, or of what needs to know the base's user.
Place place_of_user(const Spec& spec) {
  return spec.user.empty() ? spec.writable_place : spec.user_place;
}

PlannedAccount account_of(const Spec& spec, const BaseFacts& base, Plan& plan) {
  PlannedAccount account;
  account.writable = spec.writable;
  ImageConfig& config = plan.config;
  config.user = choose_user(spec, base, plan);
  const auto ids = numeric(config.user);
  const bool own_passwd = base.kind != BaseFacts::Kind::image;
  if (!ids && own_passwd && !is_root(config.user)) {
    throw Error(Fault::usage,
                fmt::format("the base `{}` has no user `{}`", base.name, config.user),
                "give numbers, such as `user: \"65532:65532\"`");
  }
  account.passwd = own_passwd ? PlannedAccount::Passwd::write : PlannedAccount::Passwd::leave;
  if (!ids || ids->uid == 0) {
    account.name = "root";
    if (!ids && !is_root(config.user) && !spec.writable.empty()) {
      throw Error(Fault::usage,
                  fmt::format("`writable` needs the number of user `{}`", config.user),
                  "give numbers, such as `user: \"1000:1000\"`");
    }
    return account;
  }
  account.uid = ids->uid;
  account.gid = ids->gid;
  account.name = ids->uid == nonroot ? "nonroot" : "mlpack";
  account.home = "/home/" + account.name;
  // The user of an image base may have a home that only its passwd knows.
  const bool the_bases_user = !own_passwd && config.user == base.config.user;
  if (the_bases_user) account.home.clear();
  if (!own_passwd && !the_bases_user && !config.env_value("HOME"))
    config.set_env("HOME", account.home);
  return account;
}

}  // namespace

bool is_root(std::string_view user) {
  const std::string_view name = user.substr(0, user.find(':'));
  return name.empty() || name == "root" || name == "0";
}

PlannedAccount plan_account(const Spec& spec, const BaseFacts& base, Plan& plan) {
  return at_place(spec.where(place_of_user(spec)), [&] { return account_of(spec, base, plan); });
}

}  // namespace mlpack
