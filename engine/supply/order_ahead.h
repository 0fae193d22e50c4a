// OrderAhead: which units to ask for before they are touched. Pure; its owner locks.
//
// Touches that go on from unit to unit order what comes next: 1 MiB at first, and each time half of it has been used,
// twice as much, up to 16 MiB. A touch elsewhere begins anew and orders nothing: it may be a lone one.
//
// The source may have a budget, which it alone knows. It wants units back when that is used up, and then what the claim
// has is its share of it. Ordered ahead are three quarters of that share at most, or what was ordered first would be
// dropped before the reader comes to it. A claim that has come to hold more has a larger share.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/page_range.h"
#include "engine/base/units.h"

namespace vmoffer {

class OrderAhead {
 public:
  static constexpr uint64_t kFirstBytes = kMiB;
  static constexpr uint64_t kMostBytes = 16 * kMiB;
  // The highest concurrency that a supplier may have.
  static constexpr uint64_t kMostFills = 64;

  OrderAhead(uint64_t unit_count, uint64_t unit_bytes)
      : unit_count_(unit_count),
        unit_bytes_(unit_bytes),
        first_(units_in(kFirstBytes, unit_bytes)),
        most_(units_in(kMostBytes, unit_bytes)) {}

  // The units to ask for now that this one is touched, often none. `held`: how many units the claim has.
  PageRange on_touch(uint64_t unit, uint64_t held);
  // The source wants these back. Returns the units that have been ordered too far ahead.
  PageRange on_recall(PageRange units, uint64_t held);
  // How many units to ask for ahead of what brings all of a range, and installs them as they come. So many that every
  // supplier has all that it takes at once.
  uint64_t most_in_bulk() const;
  // How many bytes may be installed before the next touch is heard of: an eighth of the share.
  uint64_t bytes_between_touches() const { return share_ ? limit() * unit_bytes_ / 4 : UINT64_MAX; }

 private:
  static uint64_t units_in(uint64_t bytes, uint64_t unit_bytes) { return bytes > unit_bytes ? bytes / unit_bytes : 1; }

  // Of an order. The next one is made when half of it has been used.
  uint64_t limit() const;

  const uint64_t unit_count_;
  const uint64_t unit_bytes_;
  const uint64_t first_;
  const uint64_t most_;
  std::optional<uint64_t> share_;  // of a budget, in units
  bool has_begun_ = false;
  uint64_t at_ = 0;      // the unit that was touched last
  uint64_t end_ = 0;     // behind what is ordered
  uint64_t reach_ = 0;   // the same, with what was lost or too far ahead
  uint64_t length_ = 0;  // of the last order; 0: none
};

}  // namespace vmoffer
