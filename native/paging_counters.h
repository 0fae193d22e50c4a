// paging_counters: the counters of a claim's paging, as JavaScript sees them.
#pragma once

#include <napi.h>

#include "engine/base/paging_counts.h"

namespace vmoffer {

// Sets a property for each counter.
void set_counters(Napi::Object object, const PagingCounts& counts);

// A duration in microseconds, as JavaScript sees it.
Napi::Number microseconds(Napi::Env env, uint64_t nanoseconds);

}  // namespace vmoffer
