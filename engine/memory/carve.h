// carve: gives a part of a region a memory object of its own, in place, so that it can be handed out by itself.
#pragma once

#include <memory>

#include "engine/base/status.h"
#include "engine/memory/extents.h"
#include "engine/memory/holding.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

enum class Writers : uint8_t {
  kHeldUp,  // a thread that writes into the step under way waits for its end (needs userfaultfd)
  kStill,   // the caller knows that nobody writes meanwhile
};

// The bytes are carried over in steps, and given back behind each: at no time is there much more than one copy.
// `mapping` is the region's, null when it is released. The caller sees to it that nobody else has the memory: REQUIRES
// every extent of the range is there and wholly this process's. On failure every byte is where it was or has been
// carried over; the extents tell.
//
// `part` is what the range then has: new_part() of its length. Whoever borrows it before it is carved has it before
// anybody else can see it.
Status carve(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part, Writers writers);
Result<std::shared_ptr<Holding>> new_part(uint64_t byte_length);

// Another object with the same bytes, and holes where the object has some. REQUIRES: nobody writes meanwhile.
Result<std::shared_ptr<Holding>> copy_whole(const MemoryObject& object);

}  // namespace vmoffer
