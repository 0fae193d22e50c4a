// DenseParts: finds the parts of a range that was left to the kernel whose rest is worth bringing, by looking at a
// sample of the page table. One thread looks; knows no lock, and touches no page.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/page_range.h"
#include "engine/base/units.h"
#include "engine/pager/density.h"
#include "engine/sys/page_table.h"

namespace vmoffer {

class DenseParts {
 public:
  // Below that it is over before anybody has looked.
  static constexpr uint64_t kLeastBytes = 16 * kMiB;

  // `pages_there`: how many the pager has brought. `faults`: how many this process has had. REQUIRES: at least
  // kLeastBytes.
  DenseParts(uint64_t address, uint64_t byte_length, FaultsBring what, uint64_t pages_there, uint64_t faults);

  // Looks at the parts in turn, and tells those that have become dense, each once. Stops when the allowance is used up,
  // but not before the first of them, and goes on from there the next time. Leaves out a part where too few faults can
  // have occurred since it was looked at: to count faults takes one system call, and to look at a part takes
  // kGroupsLookedAt.
  std::vector<PageRange> look(uint64_t faults, Clock::duration allowance);
  bool has_told_all() const;

 private:
  static constexpr uint64_t kMostParts = 16;
  static constexpr uint64_t kGroupsLookedAt = 32;  // of each part
  static constexpr uint64_t kTold = std::numeric_limits<uint64_t>::max();

  GroupCounts sample_of(PageRange part, const PresentPages& table) const;
  PageRange part(uint64_t index) const;
  uint64_t groups_of(uint64_t index) const;

  const uint64_t address_;
  const uint64_t page_count_;
  const FaultsBring what_;
  std::vector<uint64_t> worth_looking_at_;  // each part, once this process has had so many faults; or kTold
  uint64_t next_ = 0;
};

}  // namespace vmoffer
