// hand_off: what the source does to its memory at the two steps of a claim.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/status.h"
#include "engine/pager/region.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

// Before the terms are sent. Returns owned: the descriptor to send, with the rights that the flags grant and no more.
// Nothing changes for the source.
Result<UniqueFd> descriptor_to_grant(const MemoryObject& object, uint32_t flags);

// When the claimer has the memory: takes from the source what the flags drop, and seals the object when nobody may
// write any more. `region` is null when the source has let go of it already. On failure the source has all it had.
Status drop_rights(Region* region, const MemoryObject& object, uint32_t flags);

}  // namespace vmoffer
