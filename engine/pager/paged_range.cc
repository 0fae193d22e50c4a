#include "engine/pager/paged_range.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/units.h"
#include "engine/pager/ahead_thread.h"
#include "engine/pager/bulk_install.h"
#include "engine/sys/fault_around.h"
#include "engine/sys/fault_count.h"
#include "engine/sys/memory_room.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

// How many pages the helper installs in one step, before the next range has its turn.
constexpr uint64_t kChunkOfSmallPages = 512;
constexpr uint64_t kCopiedChunkOfSmallPages = 64;

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
}

uint64_t present_count(uint64_t address, uint64_t byte_length) {
  const Result<PresentPages> table = PresentPages::open();
  return table.is_ok() ? table.value().count(address, byte_length / page_bytes()) : 0;
}

}  // namespace

PagedRange::PagedRange(const UserFault& userfault, Place place, std::unique_ptr<PageSource> source, AheadThread* helper)
    : place_(place),
      takes_memory_(source->takes_memory()),
      helper_(helper),
      pages_(userfault, place.address, place.byte_length, std::move(source)),
      window_(pages_.present(), pages_.page_bytes()),
      read_ahead_(pages_.all().count, pages_.page_bytes()) {}

Result<std::shared_ptr<PagedRange>> PagedRange::open(const UserFault& userfault, Place place,
                                                     std::unique_ptr<PageSource> source, AheadThread* helper) {
  Status status = userfault.add_range(place.address, place.byte_length, source->registration());
  if (!status.is_ok()) return status;
  auto range = std::make_shared<PagedRange>(userfault, place, std::move(source), helper);
  range->pages_.set_listener(range);
  return range;
}

void PagedRange::may_be_left_to_kernel(FaultsBring what) {
  const MutexLock lock(pages_.mutex());
  faults_bring_ = what;
  may_be_left_ = pages_.source() != nullptr && pages_.source()->kernel_has_the_bytes();
}

void PagedRange::leave_to_kernel_if_cheaper(uint32_t reader) {
  if (!may_be_left_ || pages_.is_closed() || !policy_.is_kernel_cheaper()) return;
  std::shared_ptr<PageSource> source = pages_.source();
  pages_.leave_to_kernel();
  // Nothing spares a private copy its fault.
  const bool is_copied = is_write_ && faults_bring_ == FaultsBring::kGroups;
  if (helper_ == nullptr || is_copied || place_.byte_length < DenseParts::kLeastBytes) return;
  watched_ = std::move(source);
  const PagingCounts& counts = pages_.counts();
  const uint64_t pages_there = counts.pages_by_fault + counts.pages_by_read_ahead + counts.pages_by_prefetch;
  dense_parts_.emplace(place_.address, place_.byte_length, faults_bring_, pages_there, own_faults());
  helper_->watch(weak_from_this(), reader);
}

void PagedRange::resolve(const Fault& fault) {
  const auto start = std::chrono::steady_clock::now();
  const MutexLock lock(pages_.mutex());
  if (pages_.is_closed()) return;  // close() wakes the thread, the kernel answers
  const uint64_t byte_offset = fault.address - place_.address;
  const PageRange page{byte_offset / pages_.page_bytes(), 1};
  if (pages_.is_open(page.first)) return pages_.wake(page);
  is_write_ = fault.is_write;
  pages_.begin_answer();
  read_ahead_.set_most(pages_.source()->on_touch(byte_offset) / pages_.page_bytes());
  const bool has_woken = answer(byte_offset, page) || try_again_alone(page);
  // If the page must be brought first, the thread that touched it sleeps on.
  const bool is_to_come = !has_woken && pages_.join({page.first, start});
  if (!has_woken && !is_to_come && !pages_.is_closed()) pages_.wake(page);
  if (!is_to_come) pages_.counts().fault_latency.add(nanoseconds_since(start));
  leave_to_kernel_if_cheaper(fault.thread_id);
  pages_.end_answer();
}

// This method and those below return whether the thread has been woken. Installing a page wakes it; finding that the
// page is there already does not.
bool PagedRange::answer(uint64_t byte_offset, PageRange page) {
  if (pages_.is_asked_for(page.first)) return false;
  const bool is_on_its_way = pages_.is_any_on_its_way(page);
  if (pages_.is_present(page.first) && !is_on_its_way) return bring_back(byte_offset, page);
  if (const auto stint = read_ahead_.on_fault(page.first)) return install_stint(*stint, page);
  if (is_on_its_way) return overtake(page);
  return install_window(byte_offset, page);
}

// The failure may have been of another page of the window.
bool PagedRange::try_again_alone(PageRange page) {
  if (pages_.is_closed() || pages_.is_present(page.first)) return false;
  if (install_page(page)) return true;
  if (!pages_.is_closed() && !pages_.is_present(page.first)) pages_.forbid(page);
  return false;
}

bool PagedRange::install_window(uint64_t byte_offset, PageRange page) {
  const WindowPlan& plan = window_.plan(byte_offset);
  const bool is_run = plan.is_sequential && plan.ranges.size() == 1;
  if (is_run && helper_ != nullptr && read_ahead_.begin(plan.ranges.front(), page.first)) order_ahead();
  // A thread should wait for the clearing of one huge page at most.
  const bool may_fill = plan.is_sequential && pages_.page_bytes() < kStepBytes;
  bool is_whole = true;
  uint64_t page_count = 0;
  for (const PageRange range : plan.ranges) {
    const uint64_t count = install(range, may_fill ? range : page);
    is_whole = is_whole && count == range.count;
    page_count += range.count;
  }
  policy_.count({plan.kind, page_count, plan.pages_per_touch, is_write_});
  return is_whole;
}

bool PagedRange::install_stint(PageRange stint, PageRange page) {
  order_ahead();
  const uint64_t count = install(stint, stint);
  const bool has_woken = stint.contains(page.first) && count == stint.count;
  return has_woken || pages_.is_closed() || overtake(page);
}

// The page may be on its way, brought by the helper, which may get no turn for a while.
bool PagedRange::overtake(PageRange page) {
  if (!install_page(page)) return false;
  read_ahead_.brought_otherwise(page.first);
  return true;
}

bool PagedRange::install_page(PageRange page) {
  if (pages_.is_asked_for(page.first)) return false;
  pages_.set_absent(page);
  return install(page, page) == 1;
}

// Answers a fault on a page that counts as here. Either another thread has touched it as well and has been answered, or
// the kernel has taken it out of the page table, and then probably its neighbours as well.
bool PagedRange::bring_back(uint64_t byte_offset, PageRange page) {
  if (!install_page(page)) return false;
  for (const PageRange range : window_.plan(byte_offset).ranges) {
    // What is on its way must not be called absent: it would be opened to the kernel under the thread that brings it.
    if (pages_.is_any_on_its_way(range)) continue;
    pages_.set_absent(range);
    install(range, page);
  }
  return true;
}

uint64_t PagedRange::install(PageRange window, PageRange fill) {
  return pages_.install(window, fill, &PagingCounts::pages_by_fault);
}

void PagedRange::order_ahead() {
  if (read_ahead_.has_orders()) helper_->order(shared_from_this());
}

bool PagedRange::install_ahead() {
  const bool may_take_memory = !takes_memory_ || has_memory_to_spare();
  const MutexLock lock(pages_.mutex());
  if (watched_ != nullptr) return install_of_dense_parts();
  if (pages_.is_closed()) return false;
  const uint64_t chunk_pages = takes_memory_ ? kCopiedChunkOfSmallPages : kChunkOfSmallPages;
  const std::optional<PageRange> chunk = read_ahead_.take(as_many_bytes(chunk_pages, pages_.page_bytes()));
  if (!chunk) return false;
  if (may_take_memory) pages_.install(*chunk, {}, &PagingCounts::pages_by_read_ahead);
  const bool has_hole = !pages_.first_absent(*chunk).is_empty();
  if (has_hole) read_ahead_.give_up(*chunk);
  return !pages_.is_closed() && read_ahead_.has_orders();
}

bool PagedRange::look_for_dense_parts(Clock::duration allowance) {
  {
    const MutexLock lock(pages_.mutex());
    if (watched_ == nullptr) return false;
  }
  const std::vector<PageRange> found = dense_parts_->look(own_faults(), allowance);
  const MutexLock lock(pages_.mutex());
  if (watched_ == nullptr) return false;
  dense_.insert(dense_.end(), found.begin(), found.end());
  if (!dense_.empty()) helper_->order(shared_from_this());
  return !dense_parts_->has_told_all();
}

// The next step of them. Neither a hole nor what the kernel has brought already is counted.
bool PagedRange::install_of_dense_parts() {
  if (dense_.empty()) return false;
  PageRange& part = dense_.back();
  const PageRange step{part.first, std::min(part.count, kStepBytes / page_bytes())};
  part = {step.end(), part.count - step.count};
  if (part.is_empty()) dense_.pop_back();
  const uint64_t address = place_.address + step.first * page_bytes();
  const std::shared_ptr<PageSource> source = watched_;
  uint64_t came = 0;
  pages_.prepare(step, [&] {
    const uint64_t bytes = source->bytes_for_kernel(step.first * page_bytes(), step.count * page_bytes());
    const uint64_t before = present_count(address, bytes);
    install_around(address, bytes, Groups::kBegun);
    came = bytes / page_bytes() - before;
  });
  pages_.counts().pages_by_read_ahead += came;
  return !dense_.empty();
}

void PagedRange::on_over(const PageRequest& request) {
  const MutexLock lock(pages_.mutex());
  pages_.settle(request);
}

PageRange PagedRange::pages_of(uint64_t byte_offset, uint64_t byte_length) const {
  const uint64_t first = byte_offset / pages_.page_bytes();
  return {first, (byte_offset + byte_length) / pages_.page_bytes() - first};
}

void PagedRange::permit(PageRange pages) {
  while (!pages_.is_closed()) {
    const PageRange permitted = pages_.permit(pages);
    if (permitted.is_empty()) return;
    pages_.install(permitted, permitted, &PagingCounts::pages_by_fault);
  }
}

void PagedRange::permit(uint64_t byte_offset, uint64_t byte_length) {
  const MutexLock lock(pages_.mutex());
  permit(pages_of(byte_offset, byte_length));
}

void PagedRange::bring(uint64_t byte_offset, uint64_t byte_length) {
  const PageRange pages = pages_of(byte_offset, byte_length);
  const MutexLock lock(pages_.mutex());
  permit(pages);
  pages_.install(pages, pages, &PagingCounts::pages_by_prefetch);
}

// The source makes holes of them, which takes them out of the page table.
void PagedRange::take_back(uint64_t byte_offset, uint64_t byte_length) {
  const PageRange pages = pages_of(byte_offset, byte_length);
  const MutexLock lock(pages_.mutex());
  if (pages_.is_closed()) return;
  pages_.await_arrival(pages);
  pages_.set_absent(pages);
  // What is dropped before its reader has come was brought too early.
  read_ahead_.give_up(pages);
}

bool PagedRange::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  std::shared_ptr<PageSource> source;
  {
    const MutexLock lock(pages_.mutex());
    source = pages_.source();
  }
  if (source != nullptr) BulkInstall(pages_, std::move(source)).run(byte_offset, byte_length);
  // With the lock, so that it is unregistered by now: the kernel could not bring pages of it before.
  const MutexLock lock(pages_.mutex());
  return !pages_.is_left_to_kernel();
}

PagingStats PagedRange::stats() const {
  const MutexLock lock(pages_.mutex());
  pages_.await_what_has_begun();
  return collect_stats();
}

PagingStats PagedRange::stats_so_far() const {
  const MutexLock lock(pages_.mutex());
  return collect_stats();
}

// Counts in small pages, whatever the source's unit: users count those, as in residency().
PagingStats PagedRange::collect_stats() const {
  const uint64_t pages_per_unit = pages_.page_bytes() / page_bytes();
  PagingStats stats = pages_.counts();
  stats.pages_by_fault *= pages_per_unit;
  stats.pages_by_read_ahead *= pages_per_unit;
  stats.pages_by_prefetch *= pages_per_unit;
  stats.read_ahead_hits = read_ahead_.hits() * pages_per_unit;
  stats.read_ahead_waste = read_ahead_.waste() * pages_per_unit;
  stats.bytes_pulled = pages_.bytes_pulled();
  return stats;
}

void PagedRange::complete() {
  bool is_only_here;
  {
    const MutexLock lock(pages_.mutex());
    is_only_here = !pages_.is_closed() && !pages_.source()->kernel_has_the_bytes();
  }
  if (is_only_here) {
    prefetch(0, place_.byte_length);
    forbid_what_is_absent();
  }
  close();
}

// The kernel would show zeros in the pages that are still absent.
void PagedRange::forbid_what_is_absent() {
  const MutexLock lock(pages_.mutex());
  pages_.await_requests(pages_.all());
  pages_.await_arrivals();
  while (!pages_.is_closed()) {
    const PageRange gap = pages_.first_absent(pages_.all());
    if (gap.is_empty()) return;
    pages_.forbid(gap);
  }
}

void PagedRange::stop() {
  std::vector<std::shared_ptr<PageRequest>> requests;
  {
    const MutexLock lock(pages_.mutex());
    pages_.close();
    watched_.reset();
    requests = pages_.take_requests();
    pages_.await_arrivals();
  }
  for (const auto& request : requests) request->cancel();
}

void PagedRange::set_replaced() {
  const MutexLock lock(pages_.mutex());
  pages_.set_replaced();
}

void PagedRange::close() {
  stop();
  const MutexLock lock(pages_.mutex());
  pages_.let_go();
}

}  // namespace vmoffer
