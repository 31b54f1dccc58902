#pragma once

#include "lib/file.h"

#include <cstdint>

namespace mlpack {

/// Where `path` leads if it is a symlink, though nothing may be there yet. Fault::disk where links
/// lead round in a circle.
fs::path end_of_links(fs::path path);

/// The one way to write where a file that is written to `path` ends up, as far as it exists.
fs::path place_of(const fs::path& path);

/// `.NAME.PID.N.tmp` beside `path`: the name of a temporary, another one for every call.
fs::path temporary_beside(const fs::path& path);

/// Locks a temporary for as long as it is open, so that remove_leftovers knows that somebody
/// writes it. False where it is gone or somebody else's by now.
bool claim_temporary(const Fd& fd, const fs::path& path);

/// Removes what an AtomicFile for `path` left beside it when its process was killed. The
/// temporaries of the living, symlinks and what may not be removed stay.
void remove_leftovers(const fs::path& path);
/// The same for every file of `folder`.
void remove_all_leftovers(const fs::path& folder);

/// Fault::disk saying how much is free where `bytes` more do not fit into the file system that
/// `place` is or will be on.
void require_room(const fs::path& place, std::uint64_t bytes);

}  // namespace mlpack
