#include "engine/pager/fault_window.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/least_recent.h"
#include "engine/base/units.h"

namespace vmoffer {

FaultWindow::Limits::Limits(uint64_t page_bytes)
    : first_pages(as_many_bytes(4, page_bytes)),
      block_pages(as_many_bytes(16, page_bytes)),
      max_window(as_many_bytes(512, page_bytes)),
      near_pages(as_many_bytes(16, page_bytes)),
      first_stops(as_many_bytes(4, page_bytes)),
      max_stops(as_many_bytes(64, page_bytes)) {}

bool FaultWindow::is_just_above(PageRange last, uint64_t page) const {
  return page >= last.end() && page < last.end() + limits_.near_pages;
}

bool FaultWindow::is_just_below(PageRange last, uint64_t page) const {
  return page < last.first && page + limits_.near_pages >= last.first;
}

PageRange FaultWindow::clip(uint64_t first, uint64_t end) const {
  return PageRange{first, std::min(end, installed_.page_count()) - first};
}

const WindowPlan& FaultWindow::plan(uint64_t byte_offset) {
  const uint64_t page = byte_offset / page_bytes_;
  ++clock_;
  plan_.parts.clear();
  if (go_on_with_run(page) || go_on_with_stride(byte_offset)) return plan_;
  const bool is_new = begin_run(page) || begin_stride(byte_offset);
  if (!is_new) plan_lone_touch(byte_offset);
  return plan_;
}

bool FaultWindow::go_on_with_run(uint64_t page) {
  return std::any_of(runs_.begin(), runs_.end(), [&](Run& run) { return run.used_at != 0 && extend(run, page); });
}

bool FaultWindow::extend(Run& run, uint64_t page) {
  const uint64_t count = std::min(run.last.count * kGrowth, limits_.max_window);
  plan_.is_sequential = page == run.last.end() || page + 1 == run.last.first;
  if (is_just_above(run.last, page)) {
    run.last = clip(run.last.end(), std::max(run.last.end() + count, page + 1));
  } else if (is_just_below(run.last, page)) {
    const uint64_t first = std::min(page, run.last.first - std::min(run.last.first, count));
    run.last = PageRange{first, run.last.first - first};
  } else {
    return false;
  }
  run.used_at = clock_;
  plan_.parts.push_back(run.last);
  return true;
}

bool FaultWindow::begin_run(uint64_t page) {
  for (const LoneTouch& touch : touches_) {
    const uint64_t first = touch.offset / page_bytes_;
    Run run{clip(first, first + limits_.first_pages), clock_};
    if (!touch.is_there || !extend(run, page)) continue;
    least_recent(runs_) = run;
    return true;
  }
  return false;
}

bool FaultWindow::go_on_with_stride(uint64_t byte_offset) {
  const auto found = std::find_if(strides_.begin(), strides_.end(), [&](const Stride& stride) {
    return stride.used_at != 0 && stride.next == byte_offset;
  });
  if (found == strides_.end()) return false;
  extend(*found);
  return true;
}

// Plans the stops from `next` on, and expects the one behind them.
void FaultWindow::extend(Stride& stride) {
  stride.stops = std::clamp(stride.stops * 2, limits_.first_stops, limits_.max_stops);
  stride.used_at = clock_;
  plan_.is_sequential = true;
  const uint64_t end = installed_.page_count() * page_bytes_;
  for (uint64_t stop = 0; stop < stride.stops && stride.next < end; ++stop) {
    plan_.parts.push_back({stride.next / page_bytes_, 1});
    stride.next += static_cast<uint64_t>(stride.bytes);  // below zero it is far beyond the end
  }
}

bool FaultWindow::begin_stride(uint64_t byte_offset) {
  for (const LoneTouch& touch : touches_) {
    const auto distance = static_cast<int64_t>(byte_offset - touch.offset);
    const bool is_far = static_cast<uint64_t>(std::abs(distance)) > limits_.near_pages * page_bytes_;
    if (!touch.is_there || !is_far || !was_touched(touch.offset - static_cast<uint64_t>(distance))) continue;
    Stride& stride = least_recent(strides_);
    stride = {distance, byte_offset, 0, clock_};
    extend(stride);
    return true;
  }
  return false;
}

bool FaultWindow::was_touched(uint64_t byte_offset) const {
  return std::any_of(touches_.begin(), touches_.end(),
                     [&](const LoneTouch& touch) { return touch.is_there && touch.offset == byte_offset; });
}

void FaultWindow::plan_lone_touch(uint64_t byte_offset) {
  const uint64_t page = byte_offset / page_bytes_;
  const uint64_t block = page - page % limits_.block_pages;
  const bool has_neighbours = installed_.contains_any({block, limits_.block_pages});
  plan_.parts.push_back(has_neighbours ? clip(block, block + limits_.block_pages)
                                       : clip(page, page + limits_.first_pages));
  plan_.is_sequential = false;
  touches_[touch_count_++ % touches_.size()] = {byte_offset, true};
}

}  // namespace vmoffer
