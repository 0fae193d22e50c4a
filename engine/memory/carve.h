// carve: gives a part of a region a memory object of its own, in place, so that the part can be handed out alone.
#pragma once

#include <memory>

#include "engine/base/status.h"
#include "engine/memory/extents.h"
#include "engine/memory/holding.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

enum class Writers : uint8_t {
  kHeldUp,  // a thread that writes into the current step waits until the step ends (needs userfaultfd)
  kStill,   // the caller knows that nobody writes meanwhile
};

// Copies the bytes in steps, and gives the old pages back behind each step: at no time is there much more than one
// copy. `mapping` is the region's, or null if that is released. REQUIRES: no extent of the range is gone, and no other
// process has the memory of one. On failure each byte is in the old object or in the new one, as the extents say.
//
// `part` is the new object: new_part() of the range's length. A caller that takes a loan of it before carve() has it
// before any other can see it.
Status carve(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part, Writers writers);
Result<std::shared_ptr<Holding>> new_part(uint64_t byte_length);

// Another object with the same bytes and the same holes. REQUIRES: nobody writes meanwhile.
Result<std::shared_ptr<Holding>> copy_whole(const MemoryObject& object);

}  // namespace vmoffer
