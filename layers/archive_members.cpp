#include "layers/archive_members.h"

#include "layers/debs.h"
#include "layers/wheels.h"

namespace mlpack {

OpenMember member_opener(const Store& store) {
  return [deb = deb_member_opener(store),
          wheel = wheel_member_opener(store)](const ArchiveMember& member) {
    if (const auto* in_wheel = std::get_if<WheelMember>(&member)) return wheel(*in_wheel);
    return deb(std::get<DebMember>(member));
  };
}

}  // namespace mlpack
