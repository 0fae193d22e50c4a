// PagingPolicy: whether the kernel would answer the touches of a claim for less. Pure; not thread-safe.
//
// It keeps an account of what the answers have cost more than the kernel's own faults would have. A lone touch costs a
// switch of threads where the kernel brings the page by itself, so it adds to the account. A window that is likely to
// be touched costs less than the kernel's faults on its pages, so it takes from it. Once the account is as high as a
// handful of lone touches, the kernel is cheaper.
#pragma once

#include <cstdint>

#include "engine/pager/touch_pattern.h"

namespace vmoffer {

class PagingPolicy {
 public:
  // A touch of that kind has been answered with so many pages.
  void count(TouchKind kind, uint64_t page_count, bool is_write);
  bool is_kernel_cheaper() const { return debt_ns_ >= kMostDebtNs; }

 private:
  // Four lone touches to read, three to write.
  static constexpr int64_t kMostDebtNs = 20'000;
  // What a long run has saved must not hide that it is over: so much is forgotten after some 40 lone touches.
  static constexpr int64_t kMostSavedNs = 200'000;

  int64_t debt_ns_ = 0;
};

}  // namespace vmoffer
