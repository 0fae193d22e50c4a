#include "engine/pager/paged_range.h"

#include <algorithm>
#include <chrono>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/pager/ahead_thread.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_room.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

// What the helper installs in one step, of several ranges in turn.
constexpr uint64_t kChunkOfSmallPages = 64;

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
}

}  // namespace

PagedRange::PagedRange(const UserFault& userfault, Place place, std::unique_ptr<PageSource> source, AheadThread* helper)
    : userfault_(userfault),
      address_(place.address),
      byte_length_(place.byte_length),
      page_bytes_(source->unit_bytes()),
      costs_memory_(!source->is_kernels_too()),
      helper_(helper),
      source_(std::move(source)),
      installed_(byte_length_ / page_bytes_),
      window_(installed_, page_bytes_),
      read_ahead_(byte_length_ / page_bytes_, page_bytes_) {}

Result<std::shared_ptr<PagedRange>> PagedRange::open(const UserFault& userfault, Place place,
                                                     std::unique_ptr<PageSource> source, AheadThread* helper) {
  const auto kind = source->is_kernels_too() ? UserFault::Kind::kMapped : UserFault::Kind::kAnonymous;
  Status status = userfault.add_range(place.address, place.byte_length, kind);
  if (!status.is_ok()) return status;
  return std::make_shared<PagedRange>(userfault, place, std::move(source), helper);
}

void PagedRange::resolve(const Fault& fault) {
  const auto start = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  if (is_closed_) return;  // close() wakes the thread, the kernel answers
  const uint64_t byte_offset = fault.address - address_;
  const PageRange page{byte_offset / page_bytes_, 1};
  is_answering_ = true;
  const bool has_woken = answer(byte_offset, page) || try_again_alone(page);
  if (!has_woken && !is_closed_) userfault_.wake(address_ + page.first * page_bytes_, page_bytes_);
  ++stats_.faults;
  stats_.fault_latency.add(nanoseconds_since(start));
  is_answering_ = false;
  changed_.notify_all();
}

// This and those below return whether the thread has been woken: what is installed wakes, what is there already does
// not.
bool PagedRange::answer(uint64_t byte_offset, PageRange page) {
  const bool is_on_its_way = is_in_flight(page);
  if (installed_.contains(page.first) && !is_on_its_way) return bring_back(byte_offset, page);
  if (const auto share = read_ahead_.on_fault(page.first)) return install_share(*share, page);
  if (is_on_its_way) return install_page(page);
  return install_window(byte_offset, page);
}

// What failed may have been a page that was brought along.
bool PagedRange::try_again_alone(PageRange page) {
  if (is_closed_ || installed_.contains(page.first)) return false;
  if (install_page(page)) return true;
  if (!is_closed_ && !installed_.contains(page.first)) forbid(page);
  return false;
}

bool PagedRange::install_window(uint64_t byte_offset, PageRange page) {
  const WindowPlan& plan = window_.plan(byte_offset);
  const bool is_run = plan.is_sequential && plan.parts.size() == 1;
  if (is_run && helper_ != nullptr && read_ahead_.begin(plan.parts.front(), page.first)) order_ahead();
  // Clearing one huge page is as much as a thread should wait for.
  const bool may_fill = plan.is_sequential && page_bytes_ < kStepBytes;
  bool is_whole = true;
  for (const PageRange part : plan.parts) {
    const uint64_t count = install(part, may_fill ? part : page);
    stats_.pages_by_fault += count;
    is_whole = is_whole && count == part.count;
  }
  return is_whole;
}

bool PagedRange::install_share(PageRange share, PageRange page) {
  order_ahead();
  const uint64_t count = install(share, share);
  stats_.pages_by_fault += count;
  const bool has_woken = share.contains(page.first) && count == share.count;
  return has_woken || is_closed_ || install_page(page);
}

bool PagedRange::install_page(PageRange page) {
  installed_.remove(page);
  const uint64_t count = install(page, page);
  stats_.pages_by_fault += count;
  return count == 1;
}

// A page that counts as installed: another thread has touched it, too, and has been answered, or the kernel has taken
// it out of the page table, and those around it most likely as well.
bool PagedRange::bring_back(uint64_t byte_offset, PageRange page) {
  if (!install_page(page)) return false;
  for (const PageRange part : window_.plan(byte_offset).parts) {
    installed_.remove(part);
    stats_.pages_by_fault += install(part, page);
  }
  return true;
}

void PagedRange::order_ahead() {
  if (read_ahead_.has_orders()) helper_->order(shared_from_this());
}

bool PagedRange::install_ahead() {
  const bool may_take_memory = !costs_memory_ || has_memory_to_spare();
  const MutexLock lock(mutex_);
  if (is_closed_) return false;
  const std::optional<PageRange> chunk = read_ahead_.take(as_many_bytes(kChunkOfSmallPages, page_bytes_));
  if (!chunk) return false;
  if (may_take_memory) stats_.pages_by_read_ahead += install(*chunk, {});
  const bool has_hole = !installed_.first_gap(*chunk).is_empty();
  if (has_hole) read_ahead_.give_up(*chunk);
  return !is_closed_ && read_ahead_.has_orders();
}

uint64_t PagedRange::install(PageRange window, PageRange fill) {
  uint64_t total = 0;
  uint64_t filled_end = 0;
  for (uint64_t at = window.first; !is_closed_ && at < window.end();) {
    const PageRange gap = installed_.first_gap({at, window.end() - at});
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
        leave_to_kernel_if_it_can();
        return total;
    }
  }
  return total;
}

// Its pages count as installed meanwhile, so that nobody else begins with them.
CopyProgress PagedRange::install_gap(PageRange gap) {
  installed_.add(gap);
  CopyProgress progress;
  without_lock(gap, [&](PageSource& source) {
    progress = source.install(userfault_, address_ + gap.first * page_bytes_, gap.first * page_bytes_,
                              gap.count * page_bytes_);
  });
  const uint64_t count = progress.bytes / page_bytes_;
  installed_.remove({gap.first + count, gap.count - count});
  return progress;
}

// close() waits for what is in flight, so the addresses stay the range's.
template <typename Work>
void PagedRange::without_lock(PageRange pages, Work work) {
  const std::shared_ptr<PageSource> source = source_;
  const auto flight = in_flight_.insert(in_flight_.end(), {pages, ++last_flight_});
  mutex_.unlock();
  work(*source);
  mutex_.lock();
  in_flight_.erase(flight);
  changed_.notify_all();
}

// `gap` begins with a hole. Fills it where it may, and returns from where to go on.
uint64_t PagedRange::pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) {
  // A source that keeps punching holes must not keep the pager busy: one attempt, then the range is the kernel's.
  if (gap.first < filled_end) {
    leave_to_kernel_if_it_can();
    return gap.end();
  }
  if (gap.first < fill.first) return fill.first;
  const PageRange fillable = intersect(gap, fill);
  if (fillable.is_empty()) return gap.end();
  bool is_filled = false;
  without_lock(fillable, [&](PageSource& source) {
    is_filled = source.fill_hole(fillable.first * page_bytes_, fillable.count * page_bytes_);
  });
  if (!is_filled) leave_to_kernel_if_it_can();
  filled_end = fillable.end();
  return gap.first;
}

// Otherwise the pages stay missing, and whoever touches one has it tried again.
void PagedRange::leave_to_kernel_if_it_can() {
  if (!is_closed_ && source_->is_kernels_too()) leave_to_kernel();
}

// Nobody has the bytes of these pages.
void PagedRange::forbid(PageRange pages) {
  forbid_access(address_ + pages.first * page_bytes_, pages.count * page_bytes_);
  installed_.add(pages);
  userfault_.wake(address_ + pages.first * page_bytes_, pages.count * page_bytes_);
}

void PagedRange::leave_to_kernel() {
  is_closed_ = true;
  stats_.bytes_pulled = source_->bytes_pulled();
  source_.reset();
  // Before Linux 6.17 one userfaultfd can unregister what belongs to another.
  if (!is_replaced_) userfault_.remove_range(address_, byte_length_);
  // Whoever waits in a part that has been mapped anew meanwhile is not woken by the removal.
  userfault_.wake(address_, byte_length_);
}

void PagedRange::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  std::shared_ptr<PageSource> source;
  {
    const MutexLock lock(mutex_);
    source = source_;
  }
  if (source == nullptr) return;
  const std::unique_ptr<PagesAside> aside = source->open_aside();
  const uint64_t end = std::min(align_up(byte_offset + byte_length, page_bytes_), byte_length_);
  const uint64_t piece = step_bytes(page_bytes_);
  for (uint64_t at = align_down(byte_offset, page_bytes_); at < end;) {
    const uint64_t next = std::min(align_down(at, piece) + piece, end);
    const PageRange pages{at / page_bytes_, (next - at) / page_bytes_};
    if (aside != nullptr) bring_by(*aside, pages);
    install_in_steps(pages, std::max(source->bulk_step_bytes(), page_bytes_) / page_bytes_);
    at = next;
  }
}

// A fault that comes while the pages are got ready is answered at once.
void PagedRange::bring_by(PagesAside& aside, PageRange pages) {
  if (!is_wholly_missing(pages)) return;
  if (!aside.fill(pages.first * page_bytes_, pages.count * page_bytes_)) return;
  checkpoint("prefetch.filled");
  {
    const MutexLock lock(mutex_);
    if (is_closed_) return;
    stats_.pages_by_prefetch += put_in_place(aside, pages);
    // What is on its way to the range by itself is still to be read from the source.
    while (is_in_flight(pages)) changed_.wait(mutex_);
  }
  aside.give_back();
}

bool PagedRange::is_in_flight(PageRange pages) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [&](const Flight& flight) { return !intersect(flight.pages, pages).is_empty(); });
}

bool PagedRange::is_wholly_missing(PageRange pages) const {
  const MutexLock lock(mutex_);
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
    checkpoint("prefetch.step");
    const MutexLock lock(mutex_);
    if (is_closed_) return;
    const PageRange step{at, std::min(step_pages, pages.end() - at)};
    stats_.pages_by_prefetch += install(step, step);
  }
}

// A page can be touched before it is in the books: what is under way is waited for.
PagingStats PagedRange::stats() const {
  const MutexLock lock(mutex_);
  const uint64_t faults = stats_.faults;
  const uint64_t last = last_flight_;
  while (is_still_under_way(faults, last)) changed_.wait(mutex_);
  return collect_stats();
}

// What had been begun when so many faults were answered and that was the last flight.
bool PagedRange::is_still_under_way(uint64_t faults, uint64_t last_flight) const {
  const bool is_answered = !is_answering_ || stats_.faults != faults;
  const bool has_landed = in_flight_.empty() || in_flight_.front().number > last_flight;
  return !is_answered || !has_landed;
}

PagingStats PagedRange::stats_so_far() const {
  const MutexLock lock(mutex_);
  return collect_stats();
}

PagingStats PagedRange::collect_stats() const {
  PagingStats stats = in_small_pages(stats_);
  if (source_ != nullptr) stats.bytes_pulled = source_->bytes_pulled();
  return stats;
}

// Whatever the unit is: what users count, in residency(), too.
PagingStats PagedRange::in_small_pages(PagingStats stats) const {
  const uint64_t pages_per_unit = page_bytes_ / vmoffer::page_bytes();
  stats.pages_by_fault *= pages_per_unit;
  stats.pages_by_read_ahead *= pages_per_unit;
  stats.pages_by_prefetch *= pages_per_unit;
  stats.read_ahead_hits = read_ahead_.hits() * pages_per_unit;
  stats.read_ahead_waste = read_ahead_.waste() * pages_per_unit;
  return stats;
}

void PagedRange::complete() {
  bool is_pulled;
  {
    const MutexLock lock(mutex_);
    is_pulled = !is_closed_ && !source_->is_kernels_too();
  }
  if (is_pulled) prefetch(0, byte_length_);
  forbid_what_is_missing();
  close();
}

// The kernel would have zeros for it.
void PagedRange::forbid_what_is_missing() {
  const MutexLock lock(mutex_);
  await_flights();
  const PageRange all{0, byte_length_ / page_bytes_};
  while (!is_closed_ && !source_->is_kernels_too()) {
    const PageRange gap = installed_.first_gap(all);
    if (gap.is_empty()) return;
    forbid(gap);
  }
}

void PagedRange::stop() {
  const MutexLock lock(mutex_);
  stop_with_lock();
}

void PagedRange::stop_with_lock() {
  is_closed_ = true;
  await_flights();
}

void PagedRange::await_flights() {
  while (!in_flight_.empty()) changed_.wait(mutex_);
}

void PagedRange::set_replaced() {
  const MutexLock lock(mutex_);
  is_replaced_ = true;
}

void PagedRange::close() {
  const MutexLock lock(mutex_);
  stop_with_lock();
  if (source_ != nullptr) leave_to_kernel();
}

}  // namespace vmoffer
