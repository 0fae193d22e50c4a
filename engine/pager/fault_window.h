// FaultWindow: which pages to install for a fault. Pure; not thread-safe.
//
//     touches that are …    get
//     … sparse              first_pages, from the touched one on
//     … dense               the aligned block around it
//     … sequential          windows of four times the length of the last, up to max_window, without a gap
//     … strided             the pages of the next few touches, twice as many each time, up to max_stops, and nothing in
//                           between
//
// Windows are bounded in bytes, so the numbers of pages depend on the page size. TouchPattern classifies the touches.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/pager/touch_pattern.h"

namespace vmoffer {

struct WindowPlan {
  TouchKind kind = TouchKind::kSparse;
  // The first of them contains the touched page.
  std::vector<PageRange> ranges;
  // True if the touches leave no page out, so that the whole window is likely to be touched.
  bool is_sequential = false;
  // Of how many pages of the window one is likely to be touched.
  uint64_t pages_per_touch = 1;
};

class FaultWindow {
 public:
  // Borrows the set of installed pages, which outlives it.
  FaultWindow(const PageSet& installed, uint64_t page_bytes)
      : installed_(installed), page_bytes_(page_bytes), limits_(page_bytes), pattern_(installed, page_bytes) {}

  // REQUIRES: the byte is in the range. The plan is valid until the next call.
  const WindowPlan& plan(uint64_t byte_offset);

 private:
  static constexpr uint64_t kGrowth = 4;

  struct Limits {
    explicit Limits(uint64_t page_bytes);
    const uint64_t max_window;
    const uint64_t first_stops;
    const uint64_t max_stops;
  };

  void plan_run(const Judgement& judgement, uint64_t page);
  void plan_stride(const Judgement& judgement, uint64_t byte_offset);
  void plan_block(uint64_t page);
  void plan_lone_touch(uint64_t page);
  PageRange clip(uint64_t first, uint64_t end) const;

  const PageSet& installed_;
  const uint64_t page_bytes_;
  const Limits limits_;
  TouchPattern pattern_;
  WindowPlan plan_;
};

}  // namespace vmoffer
