// DenseParts: finds the parts of a range that was left to the kernel whose rest is worth bringing, by looking at a
// sample of the page table. One thread looks; knows no lock, and touches no page.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/page_range.h"
#include "engine/base/units.h"
#include "engine/pager/density.h"

namespace vmoffer {

class DenseParts {
 public:
  // Below that it is over before anybody has looked.
  static constexpr uint64_t kLeastBytes = 16 * kMiB;

  // `pages_there`: how many the pager has brought. `faults`: how many this process has had. REQUIRES: at least
  // kLeastBytes.
  DenseParts(uint64_t address, uint64_t byte_length, FaultsBring what, uint64_t pages_there, uint64_t faults);

  // Those that have become dense since; each is told once. Does not look where too few faults have occurred since the
  // last look: to count them takes one system call, and to look takes hundreds.
  std::vector<PageRange> look(uint64_t faults);
  bool has_told_all() const;

 private:
  static constexpr uint64_t kMostParts = 16;
  static constexpr uint64_t kGroupsLookedAt = 32;  // of each part

  PageRange part(uint64_t index) const;
  uint64_t groups_of(uint64_t index) const;

  const uint64_t address_;
  const uint64_t page_count_;
  const FaultsBring what_;
  std::vector<bool> is_told_;
  uint64_t worth_looking_at_ = 0;  // once this process has had so many faults
};

}  // namespace vmoffer
