#pragma once

#include "lib/lock/lock.h"
#include "lib/spec/spec.h"

#include <map>
#include <string>
#include <vector>

namespace mlpack {

/// `mlpack.lock` for `mlpack.yaml`: beside the spec, under its stem.
fs::path lock_path(const Spec& spec);

/// The source of a `weights` entry without what may be a secret: a URL's user, password and query.
std::string lock_source(const Weights& weights);
/// The base image as the spec names it, `oci:PATH` relative to the spec; empty where it names none.
std::string lock_base(const Spec& spec);
/// The packages that the spec asks for by name or, on a release, with `python`; sorted, each once.
std::vector<std::string> lock_packages(const Spec& spec);
/// Whether the image has packages of a distribution that a lock pins.
bool has_system(const Spec& spec);

/// What the spec says under `python`, a line each, sorted: `package six==1.17.0`, `extra fast`.
std::vector<std::string> lock_python(const Spec& spec);

/// A spec, and the sha256 of the files that its `python` is read from, by their paths from its
/// folder; `other_files` are those that a lock names beside them, as far as they are there.
struct LockSubject {
  const Spec& spec;
  std::map<std::string, Digest> python_files = {};
  std::map<std::string, Digest> other_files = {};
};

/// Lines that say what the subject, for `platforms`, and `lock` do not agree on; none: nothing.
/// Pure: it is about what the spec says, not about what the world has become.
std::vector<std::string> disagreements(const Lock& lock,
                                       const LockSubject& subject,
                                       const std::vector<Platform>& platforms);

/// What is left of `lock` without all that the subject, for `platforms`, does not agree with, so
/// that what is in the result for them holds. What it has for other platforms stays.
Lock agreeing_part(const Lock& lock,
                   const LockSubject& subject,
                   const std::vector<Platform>& platforms);

/// Takes other platforms than `platforms` out, unless those are the command line's choice.
void keep_platforms(Lock& lock, const Spec& spec, const std::vector<Platform>& platforms);

/// The parts of a lock by the names that `lock --upgrade` takes: `base`, `system_packages`,
/// `python`, those of remote weights and those of packages of Python in `lock`.
std::vector<std::string> upgradable_names(const Spec& spec, const Lock& lock);
/// Takes out of `lock` what `names` name; an empty list: everything. With a package of Python all
/// of them go.
void forget_pins(Lock& lock, const std::vector<std::string>& names);

}  // namespace mlpack
