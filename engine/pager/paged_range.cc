#include "engine/pager/paged_range.h"

#include <algorithm>
#include <chrono>

#include "engine/base/units.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

// A fault that comes while somebody prefetches waits for one such step at most (about 20 µs).
constexpr uint64_t kPrefetchStepBytes = kMiB;

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
}

}  // namespace

PagedRange::PagedRange(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                       std::shared_ptr<MemoryObject> object)
    : userfault_(userfault),
      address_(address),
      byte_length_(byte_length),
      page_bytes_(vmoffer::page_bytes()),
      object_(std::move(object)),
      installed_(byte_length / page_bytes_),
      window_(byte_length / page_bytes_) {}

Result<std::shared_ptr<PagedRange>> PagedRange::open(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                                                     std::shared_ptr<MemoryObject> object) {
  Status status = userfault.add_range(address, byte_length);
  if (!status.is_ok()) return status;
  return std::make_shared<PagedRange>(userfault, address, byte_length, std::move(object));
}

void PagedRange::resolve(const Fault& fault) {
  const auto start = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (is_closed_) return;  // close() has woken the thread, the kernel answers
  const uint64_t page = (fault.address - address_) / page_bytes_;
  const WindowPlan plan = window_.plan(page);
  // The kernel may have taken the page back: what it asks for is not there, whatever we remember.
  if (installed_.contains(page)) installed_.remove(plan.pages);
  const uint64_t count = install(plan.pages, plan.is_sequential ? plan.pages : PageRange{page, 1});
  // A page that was there already woke nobody.
  if (!is_closed_) userfault_.wake(address_ + page * page_bytes_, page_bytes_);
  ++stats_.faults;
  stats_.pages_by_fault += count;
  stats_.fault_latency.add(nanoseconds_since(start));
}

uint64_t PagedRange::install(PageRange window, PageRange fill) {
  uint64_t total = 0;
  uint64_t filled_end = 0;
  for (uint64_t at = window.first; !is_closed_ && at < window.end();) {
    const PageRange gap = installed_.first_gap({at, window.end() - at});
    if (gap.is_empty()) break;
    at = gap.first;
    const CopyProgress progress = userfault_.install(address_ + at * page_bytes_, gap.count * page_bytes_);
    switch (progress.outcome) {
      case CopyOutcome::kDone:
      case CopyOutcome::kPartial: {
        const uint64_t count = progress.outcome == CopyOutcome::kDone ? gap.count : progress.bytes / page_bytes_;
        installed_.add({at, count});
        total += count;
        at += count;
        break;
      }
      case CopyOutcome::kAlreadyThere:
        installed_.add({at, 1});
        at += 1;
        break;
      case CopyOutcome::kRetry:
        break;
      case CopyOutcome::kHole:
        at = pass_hole(gap, fill, filled_end);
        break;
      case CopyOutcome::kGone:
      case CopyOutcome::kFailed:
        leave_to_kernel();
        break;
    }
  }
  return total;
}

// `gap` begins with a hole. Fills it where it may, and returns from where to go on.
uint64_t PagedRange::pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) {
  // A source that keeps punching holes must not keep the pager busy: one attempt, then the range is the kernel's.
  if (gap.first < filled_end) {
    leave_to_kernel();
    return gap.end();
  }
  if (gap.first < fill.first) return fill.first;
  const PageRange fillable = intersect(gap, fill);
  if (fillable.is_empty()) return gap.end();
  if (!fill_hole(fillable)) leave_to_kernel();
  filled_end = fillable.end();
  return gap.first;
}

// Even a read-only descriptor makes the object grow its missing pages when they are touched through a shared mapping.
bool PagedRange::fill_hole(PageRange pages) {
  const uint64_t byte_length = pages.count * page_bytes_;
  Result<Mapping> view = Mapping::view(object_->fd(), pages.first * page_bytes_, byte_length, false);
  return view.is_ok() && populate(view.value().address(), byte_length, false).is_ok();
}

void PagedRange::leave_to_kernel() {
  is_closed_ = true;
  object_.reset();
  userfault_.remove_range(address_, byte_length_);
  // Whoever waits in a part that has been mapped anew meanwhile is not woken by the removal.
  userfault_.wake(address_, byte_length_);
}

void PagedRange::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  const uint64_t end = std::min(byte_offset + byte_length, byte_length_);
  for (uint64_t at = byte_offset; at < end; at += kPrefetchStepBytes) {
    const uint64_t step = std::min(kPrefetchStepBytes, end - at);
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    const PageRange pages{at / page_bytes_, step / page_bytes_};
    stats_.pages_by_prefetch += install(pages, pages);
  }
}

PagingStats PagedRange::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void PagedRange::close() {
  const std::lock_guard lock(mutex_);
  if (!is_closed_) leave_to_kernel();
}

}  // namespace vmoffer
