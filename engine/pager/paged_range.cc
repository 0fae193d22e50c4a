#include "engine/pager/paged_range.h"

#include <algorithm>
#include <chrono>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

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
      window_(installed_, page_bytes_) {}

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
  const uint64_t byte_offset = fault.address - address_;
  const PageRange page{byte_offset / page_bytes_, 1};
  const bool was_there = installed_.contains(page.first);
  const bool has_woken = was_there ? bring_back(byte_offset, page) : install_window(byte_offset, page);
  if (!has_woken && !is_closed_) userfault_.wake(address_ + page.first * page_bytes_, page_bytes_);
  ++stats_.faults;
  stats_.fault_latency.add(nanoseconds_since(start));
}

// The two return whether the thread has been woken: what is installed wakes, and a page that is there already does not.
bool PagedRange::install_window(uint64_t byte_offset, PageRange page) {
  const WindowPlan& plan = window_.plan(byte_offset);
  bool is_whole = true;
  for (const PageRange part : plan.parts) {
    const uint64_t count = install(part, plan.is_sequential ? part : page);
    stats_.pages_by_fault += count;
    is_whole = is_whole && count == part.count;
  }
  return is_whole;
}

// A page that counts as installed: another thread has touched it, too, and has been answered, or the kernel has taken
// it out of the page table, and those around it most likely as well.
bool PagedRange::bring_back(uint64_t byte_offset, PageRange page) {
  installed_.remove(page);
  if (install(page, page) == 0) return false;
  ++stats_.pages_by_fault;
  const WindowPlan& plan = window_.plan(byte_offset);
  for (const PageRange part : plan.parts) {
    installed_.remove(part);
    stats_.pages_by_fault += install(part, page);
  }
  return true;
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
  std::shared_ptr<PageSource> source;
  {
    const std::lock_guard lock(mutex_);
    source = source_;
  }
  if (source == nullptr) return;
  const std::unique_ptr<PagesAside> aside = source->open_aside();
  const uint64_t end = std::min(byte_offset + byte_length, byte_length_);
  for (uint64_t at = byte_offset; at < end;) {
    const uint64_t next = std::min(align_down(at, kHugePageBytes) + kHugePageBytes, end);
    const PageRange pages{at / page_bytes_, (next - at) / page_bytes_};
    if (aside != nullptr) bring_by(*aside, pages);
    install_in_steps(pages, source->bulk_step_bytes() / page_bytes_);
    at = next;
  }
}

// A fault that comes while the pages are got ready is answered at once.
void PagedRange::bring_by(PagesAside& aside, PageRange pages) {
  if (!is_wholly_missing(pages)) return;
  if (!aside.fill(pages.first * page_bytes_, pages.count * page_bytes_)) return;
  checkpoint("prefetch.filled");
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    stats_.pages_by_prefetch += put_in_place(aside, pages);
  }
  aside.give_back();
}

bool PagedRange::is_wholly_missing(PageRange pages) const {
  const std::lock_guard lock(mutex_);
  return !is_closed_ && installed_.first_gap(pages) == pages;
}

uint64_t PagedRange::put_in_place(PagesAside& aside, PageRange pages) {
  uint64_t total = 0;
  for (PageRange gap = installed_.first_gap(pages); !gap.is_empty(); gap = installed_.first_gap(gap)) {
    const CopyProgress progress = aside.put_in_place(userfault_, address_ + gap.first * page_bytes_,
                                                     gap.first * page_bytes_, gap.count * page_bytes_);
    const uint64_t count = progress.bytes / page_bytes_;
    if (progress.outcome == CopyOutcome::kAlreadyThere) {
      installed_.add({gap.first, 1});
    } else if (count > 0) {
      installed_.add({gap.first, count});
      total += count;
    } else if (progress.outcome != CopyOutcome::kRetry) {
      break;  // the rest is left to install()
    }
    gap.count = pages.end() - gap.first;
  }
  return total;
}

void PagedRange::install_in_steps(PageRange pages, uint64_t step_pages) {
  for (uint64_t at = pages.first; at < pages.end(); at += step_pages) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    const PageRange step{at, std::min(step_pages, pages.end() - at)};
    stats_.pages_by_prefetch += install(step, step);
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
