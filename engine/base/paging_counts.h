// PagingCounts: the counters of what the paging of one claim has cost so far. Pure.
//
// To add a counter: declare it here, name it in kPagingCounters, count it, and describe it in ts/claim-stats.ts. The
// message HELD and everything that JavaScript sees follow the list. CONTRIBUTING.md says what else changes.
#pragma once

#include <cstdint>
#include <iterator>

namespace vmoffer {

struct PagingCounts {
  uint64_t faults = 0;
  // Pages, by who installed them.
  uint64_t pages_by_fault = 0;
  uint64_t pages_by_read_ahead = 0;
  uint64_t pages_by_prefetch = 0;
  // Pages that read-ahead took on: those that the reader has passed, and those that nobody touched.
  uint64_t read_ahead_hits = 0;
  uint64_t read_ahead_waste = 0;
  uint64_t bytes_pulled = 0;
  uint64_t times_left_to_kernel = 0;
};

struct PagingCounter {
  const char* name;  // in JavaScript
  uint64_t PagingCounts::*count;
};

// In wire order.
inline constexpr PagingCounter kPagingCounters[] = {
    {"faults", &PagingCounts::faults},
    {"pagesByFault", &PagingCounts::pages_by_fault},
    {"pagesByReadAhead", &PagingCounts::pages_by_read_ahead},
    {"pagesByPrefetch", &PagingCounts::pages_by_prefetch},
    {"readAheadHits", &PagingCounts::read_ahead_hits},
    {"readAheadWaste", &PagingCounts::read_ahead_waste},
    {"bytesPulled", &PagingCounts::bytes_pulled},
    {"timesLeftToKernel", &PagingCounts::times_left_to_kernel},
};
static_assert(sizeof(PagingCounts) == std::size(kPagingCounters) * sizeof(uint64_t), "every count is in the list");

}  // namespace vmoffer
