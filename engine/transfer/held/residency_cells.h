// residency_cells: how the pages of a claim are shown in few cells, and which of them are looked at. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/page_range.h"

namespace vmoffer {

// Looking at a page that is present costs some 50 ns.
inline constexpr uint64_t kPagesPerLook = 64;

// At most `limit` pieces, none empty, which differ by a page in length at most.
std::vector<PageRange> cells_of(uint64_t page_count, size_t limit);
// All of the cell, or the middle of it where that is too much.
PageRange looked_at(PageRange cell);
// 0: nothing of what was looked at is resident, 255: all of it, and none of the two for anything between.
uint8_t share_of(uint64_t resident, uint64_t looked_at);
// How many pages of a cell are resident if what was looked at is like the rest.
uint64_t estimate(PageRange cell, uint64_t resident);
// How many cells each of so many claims may have, so that looking at all of them takes no longer than a broker may.
size_t cells_each(size_t claim_count);

}  // namespace vmoffer
