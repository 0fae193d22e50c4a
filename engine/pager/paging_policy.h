// PagingPolicy: whether the kernel would answer the touches of a claim at a lower cost. Pure; not thread-safe.
//
// It keeps an account of how much more the answers have cost than the kernel's own faults would have. A lone touch
// costs a switch of threads, which the kernel's fault does not need, so it adds to the account. A window that is likely
// to be touched costs less than the kernel's faults on its pages, so it subtracts from the account. Once the account
// has reached the cost of a handful of lone touches, the kernel is cheaper.
#pragma once

#include <cstdint>

#include "engine/pager/touch_pattern.h"

namespace vmoffer {

// A touch that has been answered with so many pages.
struct Answer {
  TouchKind kind;
  uint64_t page_count;
  // Of how many pages of a run one is likely to be touched.
  uint64_t pages_per_touch;
  bool is_write;
};

class PagingPolicy {
 public:
  void count(const Answer& answer);
  bool is_kernel_cheaper() const { return debt_ns_ >= kMostDebtNs; }

 private:
  // Four lone reads, or three lone writes.
  static constexpr int64_t kMostDebtNs = 20'000;
  // Limits the savings, so that those of a long run do not hide that it is over: about 40 lone touches use up this
  // much.
  static constexpr int64_t kMostSavedNs = 200'000;

  int64_t debt_ns_ = 0;
};

}  // namespace vmoffer
