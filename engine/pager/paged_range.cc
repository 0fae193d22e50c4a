#include "engine/pager/paged_range.h"

#include <algorithm>
#include <chrono>

#include "engine/base/units.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

// A fault that comes while somebody prefetches waits for one such step at most (50 µs where pages are mapped, 500 where
// they are copied).
constexpr uint64_t kPrefetchStepBytes = kHugePageBytes;

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
}

}  // namespace

PagedRange::PagedRange(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                       std::unique_ptr<PageSource> source)
    : userfault_(userfault),
      address_(address),
      byte_length_(byte_length),
      page_bytes_(vmoffer::page_bytes()),
      source_(std::move(source)),
      installed_(byte_length / page_bytes_),
      window_(byte_length / page_bytes_) {}

Result<std::shared_ptr<PagedRange>> PagedRange::open(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                                                     std::unique_ptr<PageSource> source) {
  const auto kind = source->is_kernels_too() ? UserFault::Kind::kMapped : UserFault::Kind::kAnonymous;
  Status status = userfault.add_range(address, byte_length, kind);
  if (!status.is_ok()) return status;
  return std::make_shared<PagedRange>(userfault, address, byte_length, std::move(source));
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
  // Only what is installed wakes: a page that was there already has woken nobody.
  if (!is_closed_ && count < plan.pages.count) userfault_.wake(address_ + page * page_bytes_, page_bytes_);
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
    const CopyProgress progress =
        source_->install(userfault_, address_ + at * page_bytes_, at * page_bytes_, gap.count * page_bytes_);
    switch (progress.outcome) {
      case CopyOutcome::kDone:
      case CopyOutcome::kPartial: {
        const uint64_t count = progress.bytes / page_bytes_;
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
        fail(gap);
        return total;
    }
  }
  return total;
}

// `gap` begins with a hole. Fills it where it may, and returns from where to go on.
uint64_t PagedRange::pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) {
  // A source that keeps punching holes must not keep the pager busy: one attempt, then the range is the kernel's.
  if (gap.first < filled_end) {
    fail(gap);
    return gap.end();
  }
  if (gap.first < fill.first) return fill.first;
  const PageRange fillable = intersect(gap, fill);
  if (fillable.is_empty()) return gap.end();
  if (!source_->fill_hole(fillable.first * page_bytes_, fillable.count * page_bytes_)) fail(fillable);
  filled_end = fillable.end();
  return gap.first;
}

void PagedRange::fail(PageRange pages) {
  if (source_->is_kernels_too()) return leave_to_kernel();
  forbid_access(address_ + pages.first * page_bytes_, pages.count * page_bytes_);
  installed_.add(pages);
  userfault_.wake(address_ + pages.first * page_bytes_, pages.count * page_bytes_);
}

void PagedRange::leave_to_kernel() {
  is_closed_ = true;
  stats_.bytes_pulled = source_->bytes_pulled();
  source_.reset();
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
  PagingStats stats = stats_;
  if (source_ != nullptr) stats.bytes_pulled = source_->bytes_pulled();
  return stats;
}

void PagedRange::complete() {
  bool is_pulled;
  {
    const std::lock_guard lock(mutex_);
    is_pulled = !is_closed_ && !source_->is_kernels_too();
  }
  if (is_pulled) prefetch(0, byte_length_);
  close();
}

void PagedRange::close() {
  const std::lock_guard lock(mutex_);
  if (!is_closed_) leave_to_kernel();
}

}  // namespace vmoffer
