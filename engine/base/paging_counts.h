// PagingCounts: what the paging of one claim has cost so far, in plain numbers. Pure.
#pragma once

#include <cstdint>

namespace vmoffer {

struct PagingCounts {
  uint64_t faults = 0;
  // Pages by what has installed them.
  uint64_t pages_by_fault = 0;
  uint64_t pages_by_read_ahead = 0;
  uint64_t pages_by_prefetch = 0;
  // Of the pages that read-ahead took on: those that the reader has come past, and those that nobody came for.
  uint64_t read_ahead_hits = 0;
  uint64_t read_ahead_waste = 0;
  uint64_t bytes_pulled = 0;
};

}  // namespace vmoffer
