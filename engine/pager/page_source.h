// PageSource: where the pages of a paged range come from. Called by its PagedRange alone, which locks.
#pragma once

#include <cstdint>

#include "engine/base/page_range.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

class PageSource {
 public:
  virtual ~PageSource() = default;

  // Puts pages into a registered range, from its start on, as many as it can in one step, and wakes who waits for them.
  // `byte_offset` is the range's place in the region.
  virtual CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                               uint64_t byte_length) = 0;
  // After install() said kHole: makes pages where there are none. False when they are not to be had.
  virtual bool fill_hole(uint64_t byte_offset, uint64_t byte_length) = 0;
  // True when the kernel finds the right bytes by itself once the range is not registered any more.
  virtual bool is_kernels_too() const = 0;
  virtual uint64_t bytes_pulled() const { return 0; }
};

}  // namespace vmoffer
