#include "engine/pager/paging_policy.h"

#include <algorithm>

namespace vmoffer {
namespace {

// Measured; see docs/decisions/0036.
constexpr int64_t kAnswerNs = 8000;             // a fault that the pager answers, without its pages
constexpr int64_t kInstallNs = 75;              // each page of a window
constexpr int64_t kWrittenPageInstallNs = 140;  // the same while a writer beside it takes the same locks
constexpr int64_t kKernelReadFaultNs = 2500;    // brings the 16 pages around it
constexpr int64_t kKernelReadPageNs = 156;      // that fault, divided by 16: if all the pages are wanted
constexpr int64_t kKernelWriteFaultNs = 850;    // brings one page
constexpr int64_t kLonePageInstallNs = 1400;    // each stop of a stride

int64_t cost_by_kernel(int64_t faults, bool is_write) {
  return faults * (is_write ? kKernelWriteFaultNs : kKernelReadFaultNs);
}

// Of a run. A read fault brings its neighbours, too, so gaps as short as those of a run spare the kernel nothing.
int64_t cost_of_run_by_kernel(int64_t pages, int64_t pages_per_touch, bool is_write) {
  return is_write ? pages * kKernelWriteFaultNs / pages_per_touch : pages * kKernelReadPageNs;
}

int64_t cost_over_kernel_of_run(int64_t pages, int64_t pages_per_touch, bool is_write) {
  const bool has_gaps = pages_per_touch > 1;
  const int64_t install = has_gaps && is_write ? kWrittenPageInstallNs : kInstallNs;
  const int64_t over = kAnswerNs + pages * install - cost_of_run_by_kernel(pages, pages_per_touch, is_write);
  // The first windows of a run cost more, but must not count against it: nobody knows yet how long it will be. With
  // wide gaps no window is long enough.
  const bool may_pay = install < cost_of_run_by_kernel(1, pages_per_touch, is_write);
  return may_pay ? std::min<int64_t>(0, over) : over;
}

// Positive if the kernel would have been cheaper.
int64_t cost_over_kernel(const Answer& answer) {
  const auto pages = static_cast<int64_t>(answer.page_count);
  switch (answer.kind) {
    case TouchKind::kSequential:
      return cost_over_kernel_of_run(pages, static_cast<int64_t>(answer.pages_per_touch), answer.is_write);
    case TouchKind::kStrided:
      return std::min<int64_t>(0, kAnswerNs + pages * kLonePageInstallNs - cost_by_kernel(pages, answer.is_write));
    case TouchKind::kDense:
    case TouchKind::kSparse:
      return kAnswerNs + pages * kInstallNs - cost_by_kernel(1, answer.is_write);
  }
  return 0;
}

}  // namespace

void PagingPolicy::count(const Answer& answer) {
  debt_ns_ = std::max(debt_ns_ + cost_over_kernel(answer), -kMostSavedNs);
}

}  // namespace vmoffer
