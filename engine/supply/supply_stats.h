// SupplyStats: what became of supplied memory so far, as its source counts it. A plain value.
#pragma once

#include <cstdint>

#include "engine/base/latency_histogram.h"

namespace vmoffer {

struct SupplyStats {
  uint64_t claims = 0;          // now
  uint64_t units_asked = 0;     // by each claim
  uint64_t units_ordered = 0;   // of the supplier
  uint64_t units_awaited = 0;   // … for which a thread waited
  uint64_t units_supplied = 0;  // by it
  uint64_t units_put = 0;       // by the program
  uint64_t units_failed = 0;
  uint64_t units_unwanted = 0;  // brought by the supplier when nobody asked for them any more
  uint64_t units_evicted = 0;
  uint64_t recalls_refused = 0;  // the claimer needs it, or is silent
  uint64_t resident_units = 0;   // now
  uint64_t most_resident_units = 0;
  LatencyHistogram latency;  // of a fill, from its order to its bytes in place
};

}  // namespace vmoffer
