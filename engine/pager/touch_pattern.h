// TouchPattern: what the touches of a claim that found no page have in common. Pure; not thread-safe.
//
//     touches …                              are
//     … that go on where a window ended,     sequential, upwards or downwards
//     … the same number of bytes apart,      strided
//       twice in a row
//     … among pages that are there           dense: where one was of use, others may be
//     … far from all others                  sparse
//
// It judges; FaultWindow says which pages to install, and tells where that ends: only what lies beyond is heard of.
// Several runs and strides are followed at once, so that threads which read different parts do not disturb each other;
// touches that lead nowhere disturb none of them.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/page_range.h"
#include "engine/base/page_set.h"

namespace vmoffer {

enum class TouchKind : uint8_t { kSequential, kStrided, kDense, kSparse };

struct Judgement {
  TouchKind kind = TouchKind::kSparse;
  // Sequential touches: the window that was there before, and whether nothing between it and the touch is left out.
  PageRange last;
  bool is_gapless = false;
  // Strided ones: how far apart they are, and how many of them the last window was for.
  int64_t stride_bytes = 0;
  uint64_t stops = 0;
};

class TouchPattern {
 public:
  // Pages of one touch that nothing is known about, which a run may begin behind.
  static uint64_t first_pages(uint64_t page_bytes);
  // Pages among which one that is there makes a touch dense. A power of two.
  static uint64_t block_pages(uint64_t page_bytes);

  // Borrows the set of the pages that are installed, which outlives it.
  TouchPattern(const PageSet& installed, uint64_t page_bytes);

  // REQUIRES: the byte is in the range.
  Judgement judge(uint64_t byte_offset);
  // The touch that was just judged is answered …
  void run_goes_on_behind(PageRange window);                     // … in a run, with these pages
  void stride_goes_on_at(uint64_t byte_offset, uint64_t stops);  // … in a stride, with that many stops before there

 private:
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

  Run* find_run(uint64_t page);
  Stride* find_stride(uint64_t byte_offset);
  Run* begin_run(uint64_t page);
  Stride* begin_stride(uint64_t byte_offset);

  Judgement go_on(Run& run, uint64_t page);
  Judgement go_on(Stride& stride);
  Judgement judge_lone_touch(uint64_t byte_offset);

  bool is_just_above(PageRange last, uint64_t page) const;
  bool is_just_below(PageRange last, uint64_t page) const;
  bool was_touched(uint64_t byte_offset) const;

  const PageSet& installed_;
  const uint64_t page_bytes_;
  // A touch that skips less than this goes on all the same: installing what it skipped takes no longer than a fault.
  const uint64_t near_pages_;
  uint64_t clock_ = 0;
  std::array<Run, 4> runs_;
  std::array<Stride, 4> strides_;
  std::array<LoneTouch, 8> touches_;  // the last ones, in a ring
  uint64_t touch_count_ = 0;
  // Of the touch that was judged last:
  Run* run_ = nullptr;
  Stride* stride_ = nullptr;
};

}  // namespace vmoffer
