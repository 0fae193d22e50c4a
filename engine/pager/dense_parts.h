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

  // REQUIRES: at least kLeastBytes.
  DenseParts(uint64_t address, uint64_t byte_length, FaultsBring what);

  // Those that have become dense since; each is told once.
  std::vector<PageRange> look();
  bool has_told_all() const;

 private:
  static constexpr uint64_t kMostParts = 16;
  static constexpr uint64_t kGroupsLookedAt = 32;  // of each part

  PageRange part(uint64_t index) const;

  const uint64_t address_;
  const uint64_t page_count_;
  const FaultsBring what_;
  std::vector<bool> is_told_;
};

}  // namespace vmoffer
