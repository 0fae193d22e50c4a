// FaultWindow: which pages to install for a fault. Pure; not thread-safe.
//
//     touches …                              get
//     … far from all others                  first_pages, from the touched one on
//     … among pages that are there           the aligned block around it: where one was of use, others may be
//     … that go on where a window ended,     a run: windows of four times the length of the last, up to
//       upwards or downwards                 max_window, without a gap
//     … the same number of bytes apart,      a stride: the pages of the next few touches, twice as many each time, up
//       twice in a row                       to max_stops, and nothing in between
//
// How many pages those are depends on how large one is: a window is bounded in bytes.
//
// Several runs and strides are followed at once, so that threads which read different parts do not disturb each other;
// touches that lead nowhere disturb none of them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/base/page_range.h"
#include "engine/base/page_set.h"

namespace vmoffer {

struct WindowPlan {
  // The first holds the touched page.
  std::vector<PageRange> parts;
  // True when the touches go on without leaving anything out, so that the whole window is likely to be touched.
  bool is_sequential = false;
};

class FaultWindow {
 public:
  // Borrows the set of the pages that are installed, which outlives it.
  FaultWindow(const PageSet& installed, uint64_t page_bytes)
      : installed_(installed), page_bytes_(page_bytes), limits_(page_bytes) {}

  // REQUIRES: the byte is in the range. The plan is good until the next call.
  const WindowPlan& plan(uint64_t byte_offset);

 private:
  static constexpr uint64_t kGrowth = 4;

  struct Limits {
    explicit Limits(uint64_t page_bytes);
    const uint64_t first_pages;
    const uint64_t block_pages;
    const uint64_t max_window;
    // A touch that skips less than this goes on all the same: installing what it skipped takes no longer than a fault.
    const uint64_t near_pages;
    const uint64_t first_stops;
    const uint64_t max_stops;
  };
  struct Run {
    PageRange last;
    uint64_t used_at = 0;  // 0: never
  };
  struct Stride {
    int64_t bytes = 0;
    uint64_t next = 0;  // where the next touch is expected that finds no page
    uint64_t stops = 0;
    uint64_t used_at = 0;
  };
  struct LoneTouch {
    uint64_t offset = 0;
    bool is_there = false;
  };

  bool go_on_with_run(uint64_t page);
  bool go_on_with_stride(uint64_t byte_offset);
  bool begin_run(uint64_t page);
  bool begin_stride(uint64_t byte_offset);
  void plan_lone_touch(uint64_t byte_offset);

  bool is_just_above(PageRange last, uint64_t page) const;
  bool is_just_below(PageRange last, uint64_t page) const;
  bool extend(Run& run, uint64_t page);
  void extend(Stride& stride);
  bool was_touched(uint64_t byte_offset) const;
  PageRange clip(uint64_t first, uint64_t end) const;

  const PageSet& installed_;
  const uint64_t page_bytes_;
  const Limits limits_;
  uint64_t clock_ = 0;
  std::array<Run, 4> runs_;
  std::array<Stride, 4> strides_;
  std::array<LoneTouch, 8> touches_;  // the last ones, in a ring
  uint64_t touch_count_ = 0;
  WindowPlan plan_;
};

}  // namespace vmoffer
