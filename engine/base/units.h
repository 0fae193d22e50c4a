// Units of memory and the arithmetic on them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoffer {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kHugePageBytes = 2 * kMiB;

// REQUIRES: unit is a power of two.
constexpr bool is_aligned(uint64_t value, uint64_t unit) { return (value & (unit - 1)) == 0; }
constexpr uint64_t align_down(uint64_t value, uint64_t unit) { return value & ~(unit - 1); }
constexpr uint64_t align_up(uint64_t value, uint64_t unit) { return align_down(value + unit - 1, unit); }

}  // namespace vmoffer
