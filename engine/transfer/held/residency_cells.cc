#include "engine/transfer/held/residency_cells.h"

#include <algorithm>

#include "engine/wire/messages.h"

namespace vmoffer {
namespace {

// The limit for all claims together, except that each has at least one.
constexpr size_t kLooks = 8192;

}  // namespace

std::vector<PageRange> cells_of(uint64_t page_count, size_t limit) {
  const uint64_t count = std::min<uint64_t>(page_count, limit);
  std::vector<PageRange> cells;
  uint64_t first = 0;
  for (uint64_t cell = 0; cell < count; ++cell) {
    const uint64_t length = page_count / count + (cell < page_count % count ? 1 : 0);
    cells.push_back({first, length});
    first += length;
  }
  return cells;
}

PageRange looked_at(PageRange cell) {
  const uint64_t count = std::min(cell.count, kPagesPerLook);
  return {cell.first + (cell.count - count) / 2, count};
}

uint8_t share_of(uint64_t resident, uint64_t looked_at) {
  if (resident == 0) return 0;
  if (resident >= looked_at) return 255;
  return static_cast<uint8_t>(1 + resident * 253 / looked_at);
}

uint64_t estimate(PageRange cell, uint64_t resident) {
  const uint64_t looked = looked_at(cell).count;
  if (resident >= looked) return cell.count;
  return cell.count * resident / looked;
}

size_t cells_each(size_t claim_count) {
  return std::clamp<size_t>(kLooks / std::max<size_t>(claim_count, 1), 1, wire::kMaxCells);
}

}  // namespace vmoffer
