// OrderAhead: which units to ask for before they are touched. Pure; its owner locks.
//
// Touches that go on from unit to unit order what comes next: 1 MiB at first, and each time half of it has been used,
// twice as much, up to 16 MiB. A touch elsewhere begins anew and orders nothing: it may be a lone one.
//
// The source may drop units again, to stay within a budget that it alone knows. One that is dropped before the reader
// has come to it was ordered too early: from then on this reader orders half as far ahead.
#pragma once

#include <cstdint>

#include "engine/base/page_range.h"
#include "engine/base/units.h"

namespace vmoffer {

class OrderAhead {
 public:
  static constexpr uint64_t kFirstBytes = kMiB;
  static constexpr uint64_t kMostBytes = 16 * kMiB;

  OrderAhead(uint64_t unit_count, uint64_t unit_bytes)
      : unit_count_(unit_count), first_(units_in(kFirstBytes, unit_bytes)), most_(units_in(kMostBytes, unit_bytes)) {}

  // The units to ask for now that this one is touched, often none.
  PageRange on_touch(uint64_t unit);
  // These are there no longer.
  void on_lost(PageRange units);

 private:
  static uint64_t units_in(uint64_t bytes, uint64_t unit_bytes) { return bytes > unit_bytes ? bytes / unit_bytes : 1; }

  const uint64_t unit_count_;
  const uint64_t first_;
  const uint64_t most_;
  uint64_t limit_ = most_;  // for this reader
  bool has_begun_ = false;
  uint64_t at_ = 0;      // the unit that was touched last
  uint64_t end_ = 0;     // behind what is ordered
  uint64_t length_ = 0;  // of the last order; 0: none
};

}  // namespace vmoffer
