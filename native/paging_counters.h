// paging_counters: what the paging of a claim has cost, as JavaScript sees it.
#pragma once

#include <napi.h>

#include "engine/base/paging_counts.h"

namespace vmoffer {

// Sets a property for each counter.
void set_counters(Napi::Object object, const PagingCounts& counts);

// A duration as JavaScript has it.
Napi::Number microseconds(Napi::Env env, uint64_t nanoseconds);

}  // namespace vmoffer
