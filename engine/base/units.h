// Units of memory and the arithmetic on them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoffer {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
// How much bulk work does at a time: half a millisecond of copying.
inline constexpr uint64_t kStepBytes = 2 * kMiB;
inline constexpr uint64_t kLargestOrdinaryPageBytes = 64 * kKiB;

// REQUIRES: unit is a power of two.
constexpr bool is_aligned(uint64_t value, uint64_t unit) { return (value & (unit - 1)) == 0; }
constexpr uint64_t align_down(uint64_t value, uint64_t unit) { return value & ~(unit - 1); }
constexpr uint64_t align_up(uint64_t value, uint64_t unit) { return align_down(value + unit - 1, unit); }

// The size of a huge page. `told` is the kernel's word, or 0. Without it the size is what one page table of the lowest
// level covers, with eight bytes for each page.
constexpr uint64_t huge_page_bytes_from(uint64_t told, uint64_t page_bytes) {
  const bool is_sound = told > page_bytes && (told & (told - 1)) == 0;
  return is_sound ? told : page_bytes / 8 * page_bytes;
}
// A step over pages of this size covers whole pages.
constexpr uint64_t step_bytes(uint64_t page_bytes) { return page_bytes > kStepBytes ? page_bytes : kStepBytes; }

// How many pages of `page_bytes` have as many bytes as `small_pages` of 4 KiB, at least one. A huge page counts as one
// small page, because one entry installs it, however long it is.
constexpr uint64_t as_many_bytes(uint64_t small_pages, uint64_t page_bytes) {
  if (page_bytes > kLargestOrdinaryPageBytes) return small_pages;
  const uint64_t pages = small_pages * 4 * kKiB / page_bytes;
  return pages == 0 ? 1 : pages;
}

}  // namespace vmoffer
