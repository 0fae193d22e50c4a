// PageRange: a run of pages, counted from the start of some region.
#pragma once

#include <algorithm>
#include <cstdint>

namespace vmoffer {

struct PageRange {
  uint64_t first = 0;
  uint64_t count = 0;

  uint64_t end() const { return first + count; }
  bool is_empty() const { return count == 0; }
  bool contains(uint64_t page) const { return page >= first && page < end(); }
  bool operator==(const PageRange&) const = default;
};

inline PageRange intersect(PageRange a, PageRange b) {
  const uint64_t first = std::max(a.first, b.first);
  const uint64_t end = std::min(a.end(), b.end());
  return end > first ? PageRange{first, end - first} : PageRange{first, 0};
}

}  // namespace vmoffer
