// PagingStats: what the paging of one claim has cost so far: the counts, and how long its faults took.
#pragma once

#include "engine/base/paging_counts.h"
#include "engine/pager/latency_histogram.h"

namespace vmoffer {

struct PagingStats : PagingCounts {
  LatencyHistogram fault_latency;
};

}  // namespace vmoffer
