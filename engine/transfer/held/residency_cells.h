// residency_cells: how the pages of a claim are divided into a few cells, and which pages of a cell are looked at.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/page_range.h"

namespace vmoffer {

// Looking at a present page costs about 50 ns.
inline constexpr uint64_t kPagesPerLook = 64;

// At most `limit` pieces. None is empty, and their lengths differ by at most one page.
std::vector<PageRange> cells_of(uint64_t page_count, size_t limit);
// The whole cell, or its middle if the whole is too much.
PageRange looked_at(PageRange cell);
// 0 only if none of the pages looked at is resident, 255 only if all of them are.
uint8_t share_of(uint64_t resident, uint64_t looked_at);
// Estimates how many pages of the cell are resident, as if the pages looked at were typical.
uint64_t estimate(PageRange cell, uint64_t resident);
// How many cells each claim may have, so that looking at all of them does not keep the broker too long.
size_t cells_each(size_t claim_count);

}  // namespace vmoffer
