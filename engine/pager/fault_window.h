// FaultWindow: which pages to install for a fault. Pure; not thread-safe.
//
// Touches that go on where a window ended (upwards or downwards) are a stream: each of its windows is twice the last,
// up to kMaxWindowPages. Any other touch gets the aligned block around it, which is what the kernel does for files.
// Several streams are followed at once, so that threads which read different parts do not disturb each other.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/page_range.h"

namespace vmoffer {

struct WindowPlan {
  PageRange pages;
  // True when the window belongs to a stream, so that its pages are likely to be touched.
  bool is_sequential = false;
};

class FaultWindow {
 public:
  static constexpr uint64_t kBlockPages = 16;
  static constexpr uint64_t kMaxWindowPages = 512;

  explicit FaultWindow(uint64_t page_count) : page_count_(page_count) {}

  // REQUIRES: page < page_count. The plan contains the page.
  WindowPlan plan(uint64_t page);

 private:
  struct Stream {
    PageRange last;
    uint64_t used_at = 0;  // 0: never
  };

  WindowPlan continue_stream(Stream& stream, uint64_t page, bool upwards);
  WindowPlan begin_stream(uint64_t page);
  PageRange clip(uint64_t first, uint64_t end) const;

  uint64_t page_count_;
  uint64_t clock_ = 0;
  std::array<Stream, 4> streams_;
};

}  // namespace vmoffer
