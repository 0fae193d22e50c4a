#include "engine/supply/order_ahead.h"

#include <algorithm>
#include <utility>

namespace vmoffer {

PageRange OrderAhead::on_touch(uint64_t unit) {
  const bool was_touched = std::exchange(has_begun_, true);
  if (was_touched && unit == at_) return {};
  const bool goes_on = was_touched && unit > at_ && unit <= std::max(end_, at_ + 1);
  at_ = unit;
  if (!goes_on) {
    end_ = unit + 1;
    length_ = 0;
    return {};
  }
  end_ = std::max(end_, unit + 1);
  if (end_ - unit > length_ / 2 + 1) return {};
  length_ = length_ == 0 ? first_ : std::min(2 * length_, most_);
  const PageRange order{end_, std::min(length_, unit_count_ - std::min(unit_count_, end_))};
  end_ = order.end();
  return order;
}

}  // namespace vmoffer
