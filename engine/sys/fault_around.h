// install_around: has the kernel install the pages of a mapped object in groups, as its own read faults do. A page
// costs two thirds of what it costs by UFFDIO_CONTINUE or by populate(), which look each page up by itself, and it is
// writable where the mapping is. See docs/decisions/0041. Any thread; the range must not be registered for minor
// faults.
#pragma once

#include <cstdint>

#include "engine/base/units.h"

namespace vmoffer {

// The aligned group that one read fault installs, as far as the object has its pages (the kernel's fault_around_bytes).
inline constexpr uint64_t kFaultAroundBytes = 64 * kKiB;

enum class Groups : uint8_t {
  kAbsent,
  kBegun,  // some of their pages may be there already: a group is tried at both ends
};

// A page that is locked or swapped out stays absent, and so does what an error keeps from coming: the kernel brings it
// when it is touched. Makes a page where a group begins or ends with a hole.
void install_around(uint64_t address, uint64_t byte_length, Groups groups);

}  // namespace vmoffer
