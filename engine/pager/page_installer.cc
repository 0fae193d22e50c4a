#include "engine/pager/page_installer.h"

#include <algorithm>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/sys/fault_around.h"

namespace vmoffer {
namespace {

// Shorter ones cost less to install than to unregister.
constexpr uint64_t kLeastOpenBytes = kMiB;
constexpr uint64_t kLeastOpenBytesBeside = 256 * kKiB;
// Stretches that are open, with none open beside them. Each adds two mappings to the process, of which the kernel
// allows some 65 000.
constexpr int64_t kMostIslands = 2048;
std::atomic<int64_t> islands_of_all = 0;

}  // namespace

PageInstaller::PageInstaller(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                             std::shared_ptr<PageSource> source)
    : PageLedger(byte_length / source->unit_bytes()),
      userfault_(userfault),
      address_(address),
      page_bytes_(source->unit_bytes()),
      source_(std::move(source)),
      open_(all().count),
      forbidden_(all().count) {}

uint64_t PageInstaller::bytes_pulled() const { return source_ == nullptr ? bytes_pulled_ : source_->bytes_pulled(); }

uint64_t PageInstaller::install(PageRange window, PageRange fill, uint64_t PagingCounts::*count_as) {
  uint64_t total = 0;
  uint64_t filled_end = 0;
  uint64_t asked_end = 0;
  for (uint64_t at = window.first; !is_closed() && at < window.end();) {
    PageRange gap = first_absent({at, window.end() - at});
    if (gap.is_empty()) break;
    at = gap.first;
    const Supply supply = source_->ask(at * page_bytes_, gap.count * page_bytes_);
    if (supply.request != nullptr) {
      at = expect(gap, supply.request, count_as, asked_end);
      continue;
    }
    gap.count = supply.bytes_here / page_bytes_;
    if (may_open(gap) && count_as != &PagingCounts::pages_by_prefetch) {
      const uint64_t opened = open(gap);
      total += opened;
      counts().*count_as += opened;
      at += opened;
      // It has released the lock: the range may have been closed, and others may have brought pages.
      if (opened > 0 || is_closed() || first_absent(gap) != gap) continue;
    }
    const CopyProgress progress = install_gap(gap);
    const uint64_t count = progress.bytes / page_bytes_;
    total += count;
    counts().*count_as += count;
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

// Handles a gap that begins with pages for which the source has made a request. Returns where to go on.
uint64_t PageInstaller::expect(PageRange gap, const std::shared_ptr<PageRequest>& request,
                               uint64_t PagingCounts::*count_as, uint64_t& asked_end) {
  const PageRange pages = first_absent(intersect({gap.first, request->byte_length() / page_bytes_}, all()));
  if (request->wait_by(listener_)) {
    ask_for({pages, request, count_as, {}});
    return pages.end();
  }
  // The request is over already: try once to install what has come, but do not ask twice for the same pages.
  const bool is_to_be_tried = request->bytes_done() > 0 && gap.first >= asked_end;
  asked_end = pages.end();
  return is_to_be_tried ? gap.first : pages.end();
}

void PageInstaller::settle(const PageRequest& request) {
  const std::optional<AskedPages> asked = take_asked(request, request.byte_offset() / page_bytes_);
  if (!asked || is_closed()) return;
  const uint64_t count = std::min(request.bytes_done() / page_bytes_, asked->pages.count);
  install({asked->pages.first, count}, {}, asked->count_as);
  for (const WaitingTouch& touch : asked->waiting) answer(touch, count > 0);
}

void PageInstaller::answer(const WaitingTouch& touch, bool may_ask_again) {
  const PageRange page{touch.page, 1};
  if (may_ask_again && !is_closed()) install(page, page, &PagingCounts::pages_by_fault);
  if (is_closed() || join(touch)) return;
  if (is_present(touch.page)) {
    wake(page);
  } else {
    forbid(page);
  }
  const auto took = std::chrono::steady_clock::now() - touch.since;
  counts().fault_latency.add(static_cast<uint64_t>(std::chrono::nanoseconds(took).count()));
}

void PageInstaller::set_absent(PageRange pages) {
  PageLedger::set_absent(pages);
  for (PageRange rest = pages; !rest.is_empty();) {
    const PageRange run = open_.first_run(rest);
    if (run.is_empty()) return;
    set_here(run);
    rest = {run.end(), pages.end() - run.end()};
  }
}

bool PageInstaller::is_beside_open(PageRange pages) const {
  const uint64_t first = pages.first - std::min<uint64_t>(pages.first, 1);
  return open_.contains_any({first, pages.end() + 1 - first});
}

bool PageInstaller::may_open(PageRange gap) const {
  const uint64_t bytes = gap.count * page_bytes_;
  if (is_beside_open(gap)) return bytes >= kLeastOpenBytesBeside;
  return bytes >= kLeastOpenBytes && islands_of_all < kMostIslands;
}

// Returns how many of the first pages of the gap it has opened; none where the kernel must not map them.
uint64_t PageInstaller::open(PageRange gap) {
  const std::shared_ptr<PageSource> source = source_;
  uint64_t byte_length = 0;
  prepare(gap, [&] {
    checkpoint("pager.opening");
    byte_length = source->bytes_for_kernel(gap.first * page_bytes_, gap.count * page_bytes_);
  });
  // Others may have installed some of them meanwhile.
  const PageRange pages = first_absent({gap.first, byte_length / page_bytes_});
  if (is_closed() || pages.is_empty() || pages.first != gap.first || !may_open(pages) || !unregister(pages)) return 0;
  prepare(pages, [&] { install_around(address_of(pages.first), pages.count * page_bytes_, Groups::kAbsent); });
  return pages.count;
}

// With the lock, so that no fault on them is taken for a new one; it takes a few microseconds.
bool PageInstaller::unregister(PageRange pages) {
  // The page before it that told how far a reader has come would divide what is open.
  const bool is_bridged = pages.first > 1 && is_present(pages.first - 1) && open_.contains(pages.first - 2);
  if (is_bridged && !is_any_on_its_way({pages.first - 1, 1})) pages = {pages.first - 1, pages.count + 1};
  if (!userfault_.remove_range(address_of(pages.first), pages.count * page_bytes_)) return false;
  const bool is_open_before = pages.first > 0 && open_.contains(pages.first - 1);
  const bool is_open_behind = pages.end() < all().count && open_.contains(pages.end());
  count_islands(1 - (is_open_before ? 1 : 0) - (is_open_behind ? 1 : 0));
  set_here(pages);
  open_.add(pages);
  return true;
}

void PageInstaller::count_islands(int64_t more) {
  islands_ += more;
  islands_of_all += more;
}

CopyProgress PageInstaller::install_gap(PageRange gap) {
  const std::shared_ptr<PageSource> source = source_;
  CopyProgress progress;
  bring(gap, [&] {
    checkpoint("pager.installing");
    progress = source->install(userfault_, address_of(gap.first), gap.first * page_bytes_, gap.count * page_bytes_);
    return progress.bytes / page_bytes_;
  });
  return progress;
}

// Handles a gap that begins with a hole. Fills it within `fill`, and returns where to go on.
uint64_t PageInstaller::pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) {
  // A process that keeps punching holes must not keep the pager busy: after one attempt the range is left to the
  // kernel.
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
  source_->forbid(userfault_, address_of(pages.first), pages.first * page_bytes_, pages.count * page_bytes_);
  forbidden_.add(pages);
  set_here(pages);
  wake(pages);
}

PageRange PageInstaller::permit(PageRange pages) {
  const PageRange run = forbidden_.first_run(pages);
  if (run.is_empty()) return run;
  source_->permit(address_of(run.first), run.count * page_bytes_);
  forbidden_.remove(run);
  set_absent(run);
  return run;
}

void PageInstaller::wake(PageRange pages) const { userfault_.wake(address_of(pages.first), pages.count * page_bytes_); }

void PageInstaller::leave_to_kernel_if_it_can() {
  if (!is_closed() && source_->kernel_has_the_bytes()) leave_to_kernel();
}

void PageInstaller::leave_to_kernel() {
  // Before any thread goes on because of it.
  is_left_to_kernel_ = true;
  ++counts().times_left_to_kernel;
  let_go();
}

void PageInstaller::let_go() {
  close();
  if (source_ == nullptr) return;
  bytes_pulled_ = source_->bytes_pulled();
  source_.reset();
  count_islands(-islands_);
  // Before Linux 6.17 one userfaultfd can unregister what belongs to another.
  if (!is_replaced_) userfault_.remove_range(address_, all().count * page_bytes_);
  // The removal does not wake threads that wait in a part that has been mapped anew meanwhile.
  wake(all());
}

}  // namespace vmoffer
