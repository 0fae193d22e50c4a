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
    limit_ = most_;
    return {};
  }
  end_ = std::max(end_, unit + 1);
  if (end_ - unit > length_ / 2 + 1) return {};
  length_ = length_ == 0 ? first_ : std::min(2 * length_, limit_);
  const PageRange order{end_, std::min(length_, unit_count_ - std::min(unit_count_, end_))};
  end_ = order.end();
  return order;
}

void OrderAhead::on_lost(PageRange units) {
  const PageRange ordered{at_ + 1, end_ - std::min(end_, at_ + 1)};
  const PageRange early = intersect(ordered, units);
  if (early.is_empty()) return;
  end_ = early.first;
  limit_ = std::max(length_ / 2, std::min(first_, limit_));
  length_ = std::min(length_, limit_);
}

}  // namespace vmoffer
