// supplied_region: memory that this process supplies, as a region: it has addresses, so that it can be offered, listed
// and cancelled as any other memory. Nobody can touch it there: whoever touched what only this process can bring would
// wait for itself.
#pragma once

#include <memory>

#include "engine/memory/region.h"
#include "engine/supply/supplied_memory.h"

namespace vmoffer {

Result<std::shared_ptr<Region>> region_of(std::shared_ptr<SuppliedMemory> memory);

// What is supplied in exactly this range; null if it is other memory, or only a part of it.
std::shared_ptr<SuppliedMemory> supplied_in(const Extents& extents, ByteRange range);

}  // namespace vmoffer
