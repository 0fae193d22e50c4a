// TouchPattern: what the touches of a claim that found no page have in common. Pure; not thread-safe.
//
//     touches …                              are
//     … that go on where a window ended,     sequential, upwards or downwards
//     … the same number of bytes apart,      strided
//       twice in a row
//     … among installed pages                dense: the pages around may be wanted, too
//     … far from all others                  sparse
//
// It only classifies touches. FaultWindow chooses the pages to install, and reports where they end, because the next
// touch that faults lies beyond them. It follows several runs and strides at once, so that threads that read different
// parts do not disturb each other. Touches that belong to no run or stride disturb none of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/page_range.h"
#include "engine/base/page_set.h"

namespace vmoffer {

enum class TouchKind : uint8_t { kSequential, kStrided, kDense, kSparse };

struct Judgement {
  TouchKind kind = TouchKind::kSparse;
  // Sequential touches: the window before, whether the run leaves no pages out, and of how many pages it touches one.
  PageRange last;
  bool is_gapless = false;
  uint64_t pages_per_touch = 1;
  // Strided touches: how far apart they are, and how many stops the last window had.
  int64_t stride_bytes = 0;
  uint64_t stops = 0;
};

class TouchPattern {
 public:
  // How many pages a touch without a pattern gets. A run may begin after them.
  static uint64_t first_pages(uint64_t page_bytes);
  // The size of an aligned block in which one installed page makes a touch dense. A power of two.
  static uint64_t block_pages(uint64_t page_bytes);

  // Borrows the set of installed pages, which outlives it.
  TouchPattern(const PageSet& installed, uint64_t page_bytes);

  // REQUIRES: the byte is in the range.
  Judgement judge(uint64_t byte_offset);
  // The touch that was judged last is part of a run, and is answered with these pages.
  void run_goes_on_behind(PageRange window);
  // The touch that was judged last is part of a stride, and is answered with that many stops; the next is expected
  // there.
  void stride_goes_on_at(uint64_t byte_offset, uint64_t stops);

 private:
  struct Run {
    PageRange last;
    uint64_t used_at = 0;  // 0: never
    // How many pages its touches have left out behind their windows: the mean of the latest, in eighths of a page.
    std::optional<uint64_t> mean_gap;
  };
  struct Stride {
    int64_t bytes = 0;
    uint64_t next = 0;  // where the next fault is expected
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
  // A run may skip fewer pages than this: installing the skipped ones takes no longer than a fault.
  const uint64_t near_pages_;
  uint64_t clock_ = 0;
  std::array<Run, 4> runs_;
  std::array<Stride, 4> strides_;
  std::array<LoneTouch, 8> touches_;  // the latest ones, as a ring buffer
  uint64_t touch_count_ = 0;
  // The run or stride of the touch that was judged last:
  Run* run_ = nullptr;
  Stride* stride_ = nullptr;
};

}  // namespace vmoffer
