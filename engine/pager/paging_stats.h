// PagingStats: what the paging of one claim has cost so far: the counts, and how long its faults took.
#pragma once

#include "engine/base/latency_histogram.h"
#include "engine/base/paging_counts.h"

namespace vmoffer {

struct PagingStats : PagingCounts {
  LatencyHistogram fault_latency;
};

}  // namespace vmoffer
