// hand_off: what the source does to its memory object at the two steps of a claim.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

// Before the terms are sent. Returns owned: the descriptor to send, with the rights that the flags grant and no more.
// Nothing changes for the source.
Result<UniqueFd> descriptor_to_grant(const MemoryObject& object, uint32_t flags);

}  // namespace vmoffer
