#include "engine/pager/touch_pattern.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/least_recent.h"
#include "engine/base/units.h"

namespace vmoffer {
namespace {

constexpr uint64_t kGapUnits = 8;

}  // namespace

uint64_t TouchPattern::first_pages(uint64_t page_bytes) { return as_many_bytes(4, page_bytes); }

uint64_t TouchPattern::block_pages(uint64_t page_bytes) { return as_many_bytes(16, page_bytes); }

TouchPattern::TouchPattern(const PageSet& installed, uint64_t page_bytes)
    : installed_(installed), page_bytes_(page_bytes), near_pages_(as_many_bytes(16, page_bytes)) {}

bool TouchPattern::is_just_above(PageRange last, uint64_t page) const {
  return page >= last.end() && page < last.end() + near_pages_;
}

bool TouchPattern::is_just_below(PageRange last, uint64_t page) const {
  return page < last.first && page + near_pages_ >= last.first;
}

Judgement TouchPattern::judge(uint64_t byte_offset) {
  const uint64_t page = byte_offset / page_bytes_;
  ++clock_;
  if (Run* run = find_run(page)) return go_on(*run, page);
  if (Stride* stride = find_stride(byte_offset)) return go_on(*stride);
  if (Run* run = begin_run(page)) return go_on(*run, page);
  if (Stride* stride = begin_stride(byte_offset)) return go_on(*stride);
  return judge_lone_touch(byte_offset);
}

TouchPattern::Run* TouchPattern::find_run(uint64_t page) {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) {
    return run.used_at != 0 && (is_just_above(run.last, page) || is_just_below(run.last, page));
  });
  return found == runs_.end() ? nullptr : &*found;
}

TouchPattern::Run* TouchPattern::begin_run(uint64_t page) {
  for (const LoneTouch& touch : touches_) {
    const uint64_t first = touch.offset / page_bytes_;
    const PageRange window{first, std::min(first_pages(page_bytes_), installed_.page_count() - first)};
    if (!touch.is_there || !(is_just_above(window, page) || is_just_below(window, page))) continue;
    Run& run = least_recent(runs_);
    run = {window, clock_, std::nullopt};
    return &run;
  }
  return nullptr;
}

Judgement TouchPattern::go_on(Run& run, uint64_t page) {
  run.used_at = clock_;
  run_ = &run;
  const uint64_t gap = page >= run.last.end() ? page - run.last.end() : run.last.first - 1 - page;
  // By chance, a touch of a run with gaps may follow a window at once. So the mean decides as well.
  run.mean_gap = (gap * kGapUnits + run.mean_gap.value_or(gap * kGapUnits)) / 2;
  const bool is_gapless = gap == 0 && *run.mean_gap < kGapUnits;
  // A window ends anywhere between two touches, so the next is half their distance away on average.
  const uint64_t pages_per_touch = 1 + 2 * *run.mean_gap / kGapUnits;
  return {TouchKind::kSequential, run.last, is_gapless, pages_per_touch, 0, 0};
}

void TouchPattern::run_goes_on_behind(PageRange window) { run_->last = window; }

TouchPattern::Stride* TouchPattern::find_stride(uint64_t byte_offset) {
  const auto found = std::find_if(strides_.begin(), strides_.end(), [&](const Stride& stride) {
    return stride.used_at != 0 && stride.next == byte_offset;
  });
  return found == strides_.end() ? nullptr : &*found;
}

TouchPattern::Stride* TouchPattern::begin_stride(uint64_t byte_offset) {
  for (const LoneTouch& touch : touches_) {
    const auto distance = static_cast<int64_t>(byte_offset - touch.offset);
    const bool is_far = static_cast<uint64_t>(std::abs(distance)) > near_pages_ * page_bytes_;
    if (!touch.is_there || !is_far || !was_touched(touch.offset - static_cast<uint64_t>(distance))) continue;
    Stride& stride = least_recent(strides_);
    stride = {distance, byte_offset, 0, clock_};
    return &stride;
  }
  return nullptr;
}

Judgement TouchPattern::go_on(Stride& stride) {
  stride.used_at = clock_;
  stride_ = &stride;
  return {TouchKind::kStrided, {}, false, 1, stride.bytes, stride.stops};
}

void TouchPattern::stride_goes_on_at(uint64_t byte_offset, uint64_t stops) {
  stride_->next = byte_offset;
  stride_->stops = stops;
}

bool TouchPattern::was_touched(uint64_t byte_offset) const {
  return std::any_of(touches_.begin(), touches_.end(),
                     [&](const LoneTouch& touch) { return touch.is_there && touch.offset == byte_offset; });
}

Judgement TouchPattern::judge_lone_touch(uint64_t byte_offset) {
  touches_[touch_count_++ % touches_.size()] = {byte_offset, true};
  const uint64_t page = byte_offset / page_bytes_;
  const uint64_t block = block_pages(page_bytes_);
  const bool has_neighbours = installed_.contains_any({page - page % block, block});
  return {has_neighbours ? TouchKind::kDense : TouchKind::kSparse, {}, false, 1, 0, 0};
}

}  // namespace vmoffer
