#include "engine/supply/order_ahead.h"

#include <algorithm>
#include <utility>

namespace vmoffer {

uint64_t OrderAhead::limit() const { return share_ ? std::clamp<uint64_t>(*share_ / 2, 1, most_) : most_; }

uint64_t OrderAhead::most_in_bulk() const {
  const uint64_t most = std::max(most_, kMostFills);
  return share_ ? std::clamp<uint64_t>(*share_ * 3 / 4, 1, most) : most;
}

PageRange OrderAhead::on_touch(uint64_t unit, uint64_t held) {
  if (share_) share_ = std::max(*share_, held);
  const bool was_touched = std::exchange(has_begun_, true);
  if (was_touched && unit == at_) return {};
  const bool goes_on = was_touched && unit > at_ && unit <= std::max(reach_, at_ + 1);
  at_ = unit;
  if (!goes_on) {
    end_ = reach_ = unit + 1;
    length_ = 0;
    return {};
  }
  end_ = std::max(end_, unit + 1);
  if (end_ - unit > length_ / 2 + 1) return {};
  length_ = std::min(length_ == 0 ? first_ : 2 * length_, limit());
  const PageRange order{end_, std::min(length_, unit_count_ - std::min(unit_count_, end_))};
  end_ = order.end();
  reach_ = std::max(reach_, end_);
  return order;
}

PageRange OrderAhead::on_recall(PageRange units, uint64_t held) {
  share_ = held;
  length_ = std::min(length_, limit());
  const uint64_t end = std::min(end_, at_ + 1 + limit() + limit() / 2);
  const PageRange too_far{end, end_ - end};
  const PageRange early = intersect({at_ + 1, end - std::min(end, at_ + 1)}, units);
  end_ = early.is_empty() ? end : early.first;
  return too_far;
}

}  // namespace vmoffer
