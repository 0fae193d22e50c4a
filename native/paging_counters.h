// paging_counters: counts and durations, those of a claim's paging first, as JavaScript sees them.
#pragma once

#include <napi.h>

#include "engine/base/latency_histogram.h"
#include "engine/base/paging_counts.h"

namespace vmoffer {

// Sets a property for each counter.
void set_counters(Napi::Object object, const PagingCounts& counts);

// A duration in microseconds, as JavaScript sees it.
Napi::Number microseconds(Napi::Env env, uint64_t nanoseconds);
Napi::Number count(Napi::Env env, uint64_t value);
// { p50, p90, p99, max }
Napi::Object latency(Napi::Env env, const LatencyHistogram& histogram);

}  // namespace vmoffer
