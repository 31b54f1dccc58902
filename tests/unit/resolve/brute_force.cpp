#include "tests/unit/resolve/brute_force.h"

#include "lib/resolve/releases.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace mlpack::test {
namespace {

using Kind = Demand::Kind;

bool is_held(const DemandSet& set, const DemandSet& facts) {
  return (set & ~facts).none();
}

bool any_held(const std::vector<DemandSet>& sets, const DemandSet& facts) {
  return std::any_of(
      sets.begin(), sets.end(), [&](const DemandSet& set) { return is_held(set, facts); });
}

// `cp311-cp311-any`, `cp39-abi3-any`
bool is_for(const std::string& tag, const Version& python) {
  const unsigned minor = static_cast<unsigned>(std::stoul(tag.substr(3, tag.find('-') - 3)));
  return tag.find("-abi3-") == std::string::npos ? minor == python.part(1)
                                                 : minor <= python.part(1);
}

}  // namespace

std::vector<std::optional<Version>> BruteForce::pythons() const {
  if (!demands_.needs_python) return {std::nullopt};
  std::vector<std::optional<Version>> known(known_pythons_.begin(), known_pythons_.end());
  if (demands_.python) known.push_back(demands_.python);
  if (demands_.base && demands_.base->python) known.push_back(demands_.base->python);
  return known;
}

bool BruteForce::is_python_kept(const std::optional<Version>& python,
                                const DemandSet& facts) const {
  if (!python) return true;
  const auto is_other = [&](Kind kind, const std::optional<Version>& wanted) {
    return wanted && is_held(fact(kind), facts) && !wanted->same_minor(*python);
  };
  for (std::size_t i = 0; i < demands_.packages.size(); ++i) {
    const auto& tags = demands_.packages[i].wheel_tags;
    const bool is_held_by_wheel = is_held(fact(Kind::package_version, i), facts);
    if (is_held_by_wheel && !tags.empty() && !is_for(tags.front(), *python)) return false;
  }
  const auto& file = demands_.python_file;
  const bool is_held_by_file = file && is_held(fact(Kind::python_file), facts);
  const auto is_it = [&](const auto& refused) { return refused.first.same_minor(*python); };
  if (is_held_by_file && std::any_of(file->refused.begin(), file->refused.end(), is_it))
    return false;
  const auto& base = demands_.base;
  return !is_other(Kind::python, demands_.python) && !(base && is_other(Kind::base, base->python));
}

bool BruteForce::is_compat_kept(CompatInImage compat, const DemandSet& facts) const {
  const auto& base = demands_.base;
  if (!base) {
    const bool is_slim_python = demands_.needs_python && demands_.runtime.empty();
    return compat == CompatInImage::no || !is_slim_python;
  }
  return !base->compat || *base->compat == compat || !is_held(fact(Kind::base), facts);
}

bool BruteForce::is_refused(const Part& part, const Part& other) {
  const auto& pin = part.cudnn_pin;
  const auto& floor = other.cudnn_floor;
  return pin && floor && pin->part(0) == floor->part(0) && pin->part(1) < floor->part(1);
}

// Wheels of PyTorch pin theirs, and another is asked for.
bool BruteForce::has_other_wheel(const Part& part) const {
  const bool has_wheels = part.cudnn_pin && compare_releases(part.name, "2.1.0") >= 0;
  const auto& wheels = demands_.library_wheels;
  return has_wheels && std::any_of(wheels.begin(), wheels.end(), [&](const LibraryWheel& wheel) {
           const bool is_it = wheel.release && wheel.name.find("cudnn") != std::string::npos;
           return is_it && wheel.cuda_major == part.cuda->part(0) &&
                  *wheel.release != *part.cudnn_pin;
         });
}

bool BruteForce::is_wished(const Wish& wish, const Part& part) const {
  if (wish.cuda && part.cuda && part.cuda->part(0) != *wish.cuda) return false;
  if (wish.torch && part.is_torch && part.cuda && !part.cuda->same_minor(*wish.torch)) return false;
  return wish.cudnn == Wish::Cudnn::any || !has_other_wheel(part);
}

BruteForce::Wish BruteForce::wish() const {
  Wish wish;
  std::set<unsigned> majors;
  for (const LibraryWheel& wheel : demands_.library_wheels) {
    majors.insert(*wheel.cuda_major);
    if (wheel.name.find("runtime") != std::string::npos) wish.torch = wheel.release;
  }
  if (majors.size() == 1) wish.cuda = *majors.begin();
  if (!demands_.runtime.empty() || !has_image(all_facts(), nullptr, wish)) wish = {};
  wish.cudnn = Wish::Cudnn::taken;
  if (!has_image(all_facts(), nullptr, wish)) wish.cudnn = Wish::Cudnn::any;
  return wish;
}

bool BruteForce::is_kept(const Image& image, const Part& part, const DemandSet& facts) const {
  const auto& by_compat = image.compat == CompatInImage::yes ? part.out_with_compat : part.out_bare;
  if (any_held(part.out, facts) || any_held(by_compat, facts)) return false;
  if (!is_wished(image.wish, part)) return false;
  const auto is_python = [&](const Version& python) { return python == *image.python; };
  if (image.python && !part.python.empty() &&
      std::none_of(part.python.begin(), part.python.end(), is_python)) {
    return false;
  }
  return std::all_of(image.parts.begin(), image.parts.end(), [&](const Part* other) {
    const bool one_cuda = !part.cuda || !other->cuda || part.cuda->part(0) == other->cuda->part(0);
    const bool is_taken = image.wish.cudnn == Wish::Cudnn::any ||
                          (!is_refused(part, *other) && !is_refused(*other, part));
    return is_taken && one_cuda && (!part.cudnn || !other->cudnn || *part.cudnn == *other->cudnn);
  });
}

bool BruteForce::can_fill(Image& image, std::size_t need, const DemandSet& facts) const {
  if (need == needs_.size()) return true;
  const auto& [name, fact, all, other] = needs_[need];
  const bool is_wanted = !fact || facts.test(*fact) || (other && facts.test(*other));
  if (!is_wanted) return can_fill(image, need + 1, facts);
  // What others share with it is all that matters to them.
  std::set<std::tuple<std::optional<unsigned>,
                      std::optional<unsigned>,
                      std::optional<Version>,
                      std::optional<Version>>>
      tried;
  const auto& parts = needs_[need].parts;
  const bool is_fixed = image.only != nullptr && image.only >= parts.data() &&
                        image.only < parts.data() + parts.size();
  for (const Part& part : parts) {
    if (is_fixed && &part != image.only) continue;
    if (!is_kept(image, part, facts)) continue;
    const auto major = part.cuda ? std::optional(part.cuda->part(0)) : std::nullopt;
    if (!tried.emplace(major, part.cudnn, part.cudnn_pin, part.cudnn_floor).second) continue;
    image.parts.push_back(&part);
    const bool is_full = can_fill(image, need + 1, facts);
    image.parts.pop_back();
    if (is_full) return true;
  }
  return false;
}

bool BruteForce::has_image(const DemandSet& facts, const Part* only, const Wish& wish) const {
  if (any_held(contradictions_, facts)) return false;
  for (const auto& python : pythons()) {
    for (const CompatInImage compat : {CompatInImage::no, CompatInImage::yes}) {
      if (!is_python_kept(python, facts) || !is_compat_kept(compat, facts)) continue;
      Image image{python, compat, {}, only, wish};
      if (can_fill(image, 0, facts)) return true;
    }
  }
  return false;
}

bool BruteForce::has_answer(const DemandSet& facts) const {
  return has_image(facts, nullptr, {});
}

bool BruteForce::has_answer() const {
  return has_answer(all_facts());
}

DemandSet BruteForce::all_facts() const {
  DemandSet all;
  for (std::size_t i = 0; i < list_.size(); ++i)
    all.set(i);
  return all;
}

std::string BruteForce::newest(std::string_view name) const {
  const Part* best = nullptr;
  std::string first;  // index of torch, which uv looks at first
  for (const PackageDemand& package : demands_.packages) {
    if (package.name == name && !package.extra_indexes.empty())
      first = "+" + package.extra_indexes.front();
  }
  const auto is_better = [&](const Part& part) {
    if (best == nullptr || part.is_vague != best->is_vague)
      return best == nullptr || best->is_vague;
    const auto release = [](const Part& of) { return of.name.substr(0, of.name.find('+')); };
    if (!first.empty() && release(part) == release(*best)) {
      if (part.name.ends_with(first) || best->name.ends_with(first))
        return part.name.ends_with(first);
    }
    return compare_releases(part.name, best->name) > 0;
  };
  const Wish wish = this->wish();
  for (const Need& need : needs_) {
    if (need.name != name) continue;
    for (const Part& part : need.parts) {
      if (is_better(part) && has_image(all_facts(), &part, wish)) best = &part;
    }
  }
  return best == nullptr ? std::string() : best->name;
}

bool BruteForce::allows(const Stack& stack) const {
  const DemandSet all = all_facts();
  if (any_held(contradictions_, all) || !is_python_kept(stack.python, all) ||
      !is_compat_kept(stack.compat, all)) {
    return false;
  }
  Image image{stack.python, stack.compat};
  for (const Need& need : needs_) {
    const auto choice = std::find_if(stack.choices.begin(),
                                     stack.choices.end(),
                                     [&](const Choice& one) { return one.what == need.name; });
    if (choice == stack.choices.end()) return false;
    const auto part = std::find_if(need.parts.begin(), need.parts.end(), [&](const Part& one) {
      return one.name == choice->chosen && is_kept(image, one, all);
    });
    if (part == need.parts.end()) return false;
    image.parts.push_back(&*part);
  }
  // With a compat package there may be another, which is not better.
  if (demands_.base && !demands_.base->compat) return true;
  const Wish wish = this->wish();
  return std::all_of(image.parts.begin(), image.parts.end(), [&](const Part* part) {
    const auto refuses = [&](const Part* other) { return is_refused(*part, *other); };
    const bool is_taken = wish.cudnn == Wish::Cudnn::any ||
                          std::none_of(image.parts.begin(), image.parts.end(), refuses);
    return is_taken && is_wished(wish, *part);
  });
}

DemandSet BruteForce::facts_of(const Conflict& conflict) const {
  DemandSet set;
  for (const Demand& one : conflict.facts)
    set |= fact(one.kind, one.subject);
  return set;
}

}  // namespace mlpack::test
