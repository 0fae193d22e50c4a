#include "engine/pager/paging_policy.h"

#include <algorithm>

namespace vmoffer {
namespace {

// Measured; see docs/decisions/0036.
constexpr int64_t kAnswerNs = 8000;           // a fault that the pager answers, without its pages
constexpr int64_t kInstallNs = 75;            // each page of a window
constexpr int64_t kKernelReadFaultNs = 2500;  // brings the 16 pages around it
constexpr int64_t kKernelReadPageNs = 156;    // that fault, divided by 16: if all the pages are wanted
constexpr int64_t kKernelWriteFaultNs = 850;  // brings one page
constexpr int64_t kLonePageInstallNs = 1400;  // each stop of a stride

int64_t cost_by_kernel(int64_t faults, bool is_write) {
  return faults * (is_write ? kKernelWriteFaultNs : kKernelReadFaultNs);
}

int64_t cost_of_all(int64_t pages, bool is_write) {
  return pages * (is_write ? kKernelWriteFaultNs : kKernelReadPageNs);
}

// Positive if the kernel would have been cheaper.
int64_t cost_over_kernel(TouchKind kind, int64_t pages, bool is_write) {
  switch (kind) {
    case TouchKind::kSequential:
      // The first windows of a run cost more, but must not count against it: nobody knows yet how long it will be.
      return std::min<int64_t>(0, kAnswerNs + pages * kInstallNs - cost_of_all(pages, is_write));
    case TouchKind::kStrided:
      return std::min<int64_t>(0, kAnswerNs + pages * kLonePageInstallNs - cost_by_kernel(pages, is_write));
    case TouchKind::kDense:
    case TouchKind::kSparse:
      return kAnswerNs + pages * kInstallNs - cost_by_kernel(1, is_write);
  }
  return 0;
}

}  // namespace

void PagingPolicy::count(TouchKind kind, uint64_t page_count, bool is_write) {
  const int64_t over = cost_over_kernel(kind, static_cast<int64_t>(page_count), is_write);
  debt_ns_ = std::max(debt_ns_ + over, -kMostSavedNs);
}

}  // namespace vmoffer
