#include "engine/pager/fault_window.h"

#include <algorithm>

#include "engine/base/units.h"

namespace vmoffer {

FaultWindow::Limits::Limits(uint64_t page_bytes)
    : max_window(as_many_bytes(512, page_bytes)),
      first_stops(as_many_bytes(4, page_bytes)),
      max_stops(as_many_bytes(64, page_bytes)) {}

PageRange FaultWindow::clip(uint64_t first, uint64_t end) const {
  return PageRange{first, std::min(end, installed_.page_count()) - first};
}

const WindowPlan& FaultWindow::plan(uint64_t byte_offset) {
  const uint64_t page = byte_offset / page_bytes_;
  const Judgement judgement = pattern_.judge(byte_offset);
  plan_.ranges.clear();
  plan_.kind = judgement.kind;
  plan_.pages_per_touch = judgement.pages_per_touch;
  switch (judgement.kind) {
    case TouchKind::kSequential:
      plan_run(judgement, page);
      break;
    case TouchKind::kStrided:
      plan_stride(judgement, byte_offset);
      break;
    case TouchKind::kDense:
      plan_block(page);
      break;
    case TouchKind::kSparse:
      plan_lone_touch(page);
      break;
  }
  return plan_;
}

void FaultWindow::plan_run(const Judgement& judgement, uint64_t page) {
  const PageRange last = judgement.last;
  const uint64_t count = std::min(last.count * kGrowth, limits_.max_window);
  PageRange window;
  if (page >= last.end()) {
    window = clip(last.end(), std::max(last.end() + count, page + 1));
  } else {
    const uint64_t first = std::min(page, last.first - std::min(last.first, count));
    window = {first, last.first - first};
  }
  plan_.ranges.push_back(window);
  plan_.is_sequential = judgement.is_gapless;
  pattern_.run_goes_on_behind(window);
}

// Plans the stops from the touch on, and expects the next touch at the stop after them.
void FaultWindow::plan_stride(const Judgement& judgement, uint64_t byte_offset) {
  const uint64_t stops = std::clamp(judgement.stops * 2, limits_.first_stops, limits_.max_stops);
  const uint64_t end = installed_.page_count() * page_bytes_;
  uint64_t next = byte_offset;
  for (uint64_t stop = 0; stop < stops && next < end; ++stop) {
    plan_.ranges.push_back({next / page_bytes_, 1});
    next += static_cast<uint64_t>(judgement.stride_bytes);  // below zero it wraps to far beyond the end
  }
  plan_.is_sequential = true;
  pattern_.stride_goes_on_at(next, stops);
}

void FaultWindow::plan_block(uint64_t page) {
  const uint64_t block_pages = TouchPattern::block_pages(page_bytes_);
  const uint64_t block = page - page % block_pages;
  plan_.ranges.push_back(clip(block, block + block_pages));
  plan_.is_sequential = false;
}

void FaultWindow::plan_lone_touch(uint64_t page) {
  plan_.ranges.push_back(clip(page, page + TouchPattern::first_pages(page_bytes_)));
  plan_.is_sequential = false;
}

}  // namespace vmoffer
