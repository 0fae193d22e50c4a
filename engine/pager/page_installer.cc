#include "engine/pager/page_installer.h"

#include <utility>

#include "engine/sys/mapping.h"

namespace vmoffer {

PageInstaller::PageInstaller(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                             std::shared_ptr<PageSource> source)
    : PageLedger(byte_length / source->unit_bytes()),
      userfault_(userfault),
      address_(address),
      page_bytes_(source->unit_bytes()),
      source_(std::move(source)) {}

uint64_t PageInstaller::bytes_pulled() const { return source_ == nullptr ? bytes_pulled_ : source_->bytes_pulled(); }

uint64_t PageInstaller::install(PageRange window, PageRange fill) {
  uint64_t total = 0;
  uint64_t filled_end = 0;
  for (uint64_t at = window.first; !is_closed() && at < window.end();) {
    const PageRange gap = first_absent({at, window.end() - at});
    if (gap.is_empty()) break;
    at = gap.first;
    const CopyProgress progress = install_gap(gap);
    const uint64_t count = progress.bytes / page_bytes_;
    total += count;
    switch (progress.outcome) {
      case CopyOutcome::kDone:
      case CopyOutcome::kPartial:
        at += count;
        break;
      case CopyOutcome::kAlreadyThere:
        set_here({at, 1});
        at += 1;
        break;
      case CopyOutcome::kRetry:
        break;
      case CopyOutcome::kHole:
        at = pass_hole(gap, fill, filled_end);
        break;
      case CopyOutcome::kGone:
      case CopyOutcome::kFailed:
        leave_to_kernel_if_it_can();
        return total;
    }
  }
  return total;
}

CopyProgress PageInstaller::install_gap(PageRange gap) {
  const std::shared_ptr<PageSource> source = source_;
  CopyProgress progress;
  bring(gap, [&] {
    progress = source->install(userfault_, address_of(gap.first), gap.first * page_bytes_, gap.count * page_bytes_);
    return progress.bytes / page_bytes_;
  });
  return progress;
}

// `gap` begins with a hole. Fills it where it may, and returns from where to go on.
uint64_t PageInstaller::pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) {
  // A source that keeps punching holes must not keep the pager busy: one attempt, then the range is the kernel's.
  if (gap.first < filled_end) {
    leave_to_kernel_if_it_can();
    return gap.end();
  }
  if (gap.first < fill.first) return fill.first;
  const PageRange fillable = intersect(gap, fill);
  if (fillable.is_empty()) return gap.end();
  const std::shared_ptr<PageSource> source = source_;
  bool is_filled = false;
  prepare(fillable, [&] { is_filled = source->fill_hole(fillable.first * page_bytes_, fillable.count * page_bytes_); });
  if (!is_filled) leave_to_kernel_if_it_can();
  filled_end = fillable.end();
  return gap.first;
}

uint64_t PageInstaller::install_from(PagesAside& aside, PageRange pages) {
  uint64_t total = 0;
  for (PageRange gap = first_absent(pages); !gap.is_empty(); gap = first_absent(gap)) {
    const CopyProgress progress =
        aside.put_in_place(userfault_, address_of(gap.first), gap.first * page_bytes_, gap.count * page_bytes_);
    const uint64_t count = progress.bytes / page_bytes_;
    if (progress.outcome == CopyOutcome::kAlreadyThere) {
      set_here({gap.first, 1});
    } else if (count > 0) {
      set_here({gap.first, count});
      total += count;
    } else if (progress.outcome != CopyOutcome::kRetry) {
      break;
    }
    gap.count = pages.end() - gap.first;
  }
  return total;
}

void PageInstaller::forbid(PageRange pages) {
  forbid_access(address_of(pages.first), pages.count * page_bytes_);
  set_here(pages);
  wake(pages);
}

void PageInstaller::wake(PageRange pages) const { userfault_.wake(address_of(pages.first), pages.count * page_bytes_); }

void PageInstaller::leave_to_kernel_if_it_can() {
  if (!is_closed() && source_->kernel_has_the_bytes()) leave_to_kernel();
}

void PageInstaller::leave_to_kernel() {
  close();
  bytes_pulled_ = source_->bytes_pulled();
  source_.reset();
  // Before Linux 6.17 one userfaultfd can unregister what belongs to another.
  if (!is_replaced_) userfault_.remove_range(address_, all().count * page_bytes_);
  // Whoever waits in a part that has been mapped anew meanwhile is not woken by the removal.
  wake(all());
}

}  // namespace vmoffer
