#include "layers/deb_solve.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

// libsolv has fields named `requires`, which C++20 keeps for itself.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define requires solv_requires
extern "C" {
#include <solv/pool.h>
#include <solv/problems.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <solv/solver.h>
}
#undef requires
#ifdef __clang__
#pragma clang diagnostic pop
#endif

namespace mlpack {
namespace {

struct FreePool {
  void operator()(Pool* pool) const { pool_free(pool); }
};
struct FreeSolver {
  void operator()(Solver* solver) const { solver_free(solver); }
};
using PoolPtr = std::unique_ptr<Pool, FreePool>;
using SolverPtr = std::unique_ptr<Solver, FreeSolver>;

class IdQueue {
 public:
  IdQueue() { queue_init(&queue_); }
  ~IdQueue() { queue_free(&queue_); }
  IdQueue(const IdQueue& other) { queue_init_clone(&queue_, &other.queue_); }
  IdQueue& operator=(const IdQueue&) = delete;
  Queue* get() { return &queue_; }
  std::span<const Id> ids() const {
    return {queue_.elements, static_cast<std::size_t>(queue_.count)};
  }

 private:
  Queue queue_{};
};

void append_needs(std::string& text,
                  std::string_view paragraph,
                  std::span<const std::string_view> ignored) {
  text += "Depends: ";
  bool first = true;
  for (const auto& alternatives : needs_of(paragraph, ignored)) {
    if (!first) text += ", ";
    text += fmt::format("{}", fmt::join(alternatives, " | "));
    first = false;
  }
  text += '\n';
}

void append_fields(std::string& text, std::string_view paragraph) {
  for (const char* field :
       {"Package", "Version", "Architecture", "Multi-Arch", "Provides", "Conflicts", "Breaks"}) {
    const std::string_view value = deb_field(paragraph, field);
    if (!value.empty()) text += fmt::format("{}: {}\n", field, value);
  }
}

// The paragraphs as the solver sees them: Pre-Depends and Depends are one, ignored ones are gone.
std::string solver_input(std::span<const IndexedDeb* const> packages,
                         std::span<const std::string_view> ignored) {
  std::string text;
  for (const IndexedDeb* package : packages) {
    append_fields(text, package->paragraph);
    append_needs(text, package->paragraph, ignored);
    text += '\n';
  }
  return text;
}

// What is there may need what it never had: images are made without this and that.
std::string solver_input(std::span<const std::string> installed) {
  std::string text;
  for (const std::string& paragraph : installed) {
    append_fields(text, paragraph);
    text += '\n';
  }
  return text;
}

Repo* add_repo(Pool* pool, const char* name, std::string text) {
  Repo* repo = repo_create(pool, name);
  if (text.empty()) return repo;
  std::unique_ptr<FILE, int (*)(FILE*)> file(fmemopen(text.data(), text.size(), "r"), &std::fclose);
  if (!file || repo_add_debpackages(repo, file.get(), 0) != 0) {
    fail(Fault::internal, "libsolv does not read the package list");
  }
  return repo;
}

PoolPtr load(std::string index, std::string installed) {
  PoolPtr pool(pool_create());
  pool_setdisttype(pool.get(), DISTTYPE_DEB);
  add_repo(pool.get(), "index", std::move(index));
  pool_set_installed(pool.get(), add_repo(pool.get(), "installed", std::move(installed)));
  pool_createwhatprovides(pool.get());
  return pool;
}

void add_job(Pool* pool, IdQueue& jobs, int action, std::string_view name) {
  const Id id = pool_strn2id(pool, name.data(), static_cast<unsigned>(name.size()), 1);
  queue_push2(jobs.get(), action | SOLVER_SOLVABLE_NAME, id);
}

std::string package_hint(const DebIndex& index, const std::string& name) {
  if (const auto providers = index.providers(name); !providers.empty()) {
    std::vector<std::string_view> names;
    names.reserve(providers.size());
    for (const IndexedDeb* provider : providers)
      names.push_back(provider->name);
    return fmt::format("it is a virtual package: name one of {}", fmt::join(names, ", "));
  }
  std::vector<std::string_view> names = index.names();
  std::sort(names.begin(), names.end());
  const auto near = did_you_mean(name, names);
  return near ? fmt::format("did you mean `{}`?", *near) : "";
}

[[noreturn]] void fail_unsolvable(Solver* solver) {
  std::set<std::string> reasons;
  IdQueue rules;
  const Id problems = static_cast<Id>(solver_problem_count(solver));
  for (Id problem = 1; problem <= problems; ++problem) {
    solver_findallproblemrules(solver, problem, rules.get());
    for (const Id rule : rules.ids()) {
      Id source = 0;
      Id target = 0;
      Id dependency = 0;
      const SolverRuleinfo kind = solver_ruleinfo(solver, rule, &source, &target, &dependency);
      if (kind == SOLVER_RULE_JOB) continue;
      reasons.insert(solver_problemruleinfo2str(solver, kind, source, target, dependency));
    }
  }
  throw Error(
      Fault::incompatible,
      fmt::format("no set of packages satisfies `system_packages`: {}", fmt::join(reasons, "; ")));
}

bool is_installed(const Pool* pool, Id id) {
  return pool_id2solvable(pool, id)->repo == pool->installed;
}

std::string_view name_of(const Pool* pool, Id id) {
  return pool_id2str(pool, pool_id2solvable(pool, id)->name);
}

std::string_view version_of(const Pool* pool, Id id) {
  return pool_id2str(pool, pool_id2solvable(pool, id)->evr);
}

// The packages of the index that the solver chose.
std::vector<Id> chosen_ids(Solver* solver) {
  IdQueue decisions;
  solver_get_decisionqueue(solver, decisions.get());
  std::vector<Id> chosen;
  for (const Id id : decisions.ids()) {
    if (id > SYSTEMSOLVABLE && !is_installed(solver->pool, id)) chosen.push_back(id);
  }
  return chosen;
}

// Each installed package that the solver gave up, and what for.
std::vector<std::string> replacements(Solver* solver) {
  const Pool* pool = solver->pool;
  IdQueue decisions;
  solver_get_decisionqueue(solver, decisions.get());
  const std::vector<Id> chosen = chosen_ids(solver);
  std::vector<std::string> found;
  for (const Id decision : decisions.ids()) {
    const Id id = -decision;
    if (id <= SYSTEMSOLVABLE || !is_installed(pool, id)) continue;
    const auto other = std::find_if(chosen.begin(), chosen.end(), [&](Id one) {
      return name_of(pool, one) == name_of(pool, id);
    });
    const std::string what = fmt::format("`{}` {}", name_of(pool, id), version_of(pool, id));
    found.push_back(other == chosen.end()
                        ? what + " would go"
                        : fmt::format("{} would become {}", what, version_of(pool, *other)));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Why nothing is found while the installed packages stay: what would happen if they did not.
[[noreturn]] void fail_locked(Solver* solver, IdQueue& free_jobs) {
  const SolverPtr free(solver_create(solver->pool));
  solver_set_flag(free.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
  solver_set_flag(free.get(), SOLVER_FLAG_ALLOW_UNINSTALL, 1);
  if (solver_solve(free.get(), free_jobs.get()) != 0) fail_unsolvable(free.get());
  const auto changes = replacements(free.get());
  if (changes.empty()) fail_unsolvable(solver);
  throw Error(Fault::incompatible,
              fmt::format("`system_packages` would replace packages of the base: {}",
                          fmt::join(changes, ", ")),
              "what a base has stays as it is: take a newer build of the base, or packages of its "
              "age, through a mirror that has them");
}

}  // namespace

void check_known(const DebIndex& index,
                 std::span<const std::string> wanted,
                 const std::map<std::string, Where>& places) {
  std::vector<std::string> unknown;
  std::vector<std::string> hints;
  std::vector<Where> where;
  for (const std::string& name : wanted) {
    if (index.find(name) != nullptr) continue;
    const std::string shown = fmt::format("`{}`", printable(name));
    const std::string hint = package_hint(index, name);
    unknown.push_back(shown);
    if (!hint.empty()) hints.push_back(hint);
    const auto place = places.find(name);
    if (place == places.end()) continue;
    where.push_back(place->second);
    where.back().message = fmt::format("the distribution has no package {}", shown);
  }
  if (unknown.empty()) return;
  throw Error(Fault::usage,
              fmt::format("the distribution has no package {}", join(unknown, ", no ")),
              join(hints, "; "),
              where);
}

std::vector<const IndexedDeb*> solve(const DebIndex& index,
                                     std::span<const std::string> wanted,
                                     std::span<const std::string_view> ignored,
                                     std::span<const std::string> installed) {
  const std::vector<const IndexedDeb*> candidates = index.closure(wanted, ignored);
  if (candidates.empty()) return {};
  const PoolPtr pool = load(solver_input(candidates, ignored), solver_input(installed));
  const SolverPtr solver(solver_create(pool.get()));
  solver_set_flag(solver.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
  IdQueue jobs;
  for (const std::string& name : wanted)
    add_job(pool.get(), jobs, SOLVER_INSTALL, name);
  for (const IndexedDeb* package : index.first_choices(wanted, ignored))
    add_job(pool.get(), jobs, SOLVER_FAVOR, package->name);
  IdQueue locked(jobs);
  queue_push2(locked.get(), SOLVER_LOCK | SOLVER_SOLVABLE_REPO, pool->installed->repoid);
  if (solver_solve(solver.get(), locked.get()) != 0) {
    if (installed.empty()) fail_unsolvable(solver.get());
    fail_locked(solver.get(), jobs);
  }
  std::vector<const IndexedDeb*> chosen;
  for (const Id id : chosen_ids(solver.get()))
    chosen.push_back(index.find(name_of(pool.get(), id)));
  std::sort(chosen.begin(), chosen.end(), [](const IndexedDeb* a, const IndexedDeb* b) {
    return a->name < b->name;
  });
  return chosen;
}

}  // namespace mlpack
