#include "engine/pager/paged_range.h"

#include <chrono>
#include <utility>

#include "engine/base/units.h"
#include "engine/pager/ahead_thread.h"
#include "engine/pager/bulk_install.h"
#include "engine/sys/memory_room.h"

namespace vmoffer {
namespace {

// What the helper installs in one step, of several ranges in turn.
constexpr uint64_t kChunkOfSmallPages = 64;

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count());
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

void PagedRange::may_be_left_to_kernel() {
  const MutexLock lock(pages_.mutex());
  may_be_left_ = pages_.source() != nullptr && pages_.source()->kernel_has_the_bytes();
}

void PagedRange::leave_to_kernel_if_cheaper() {
  if (!may_be_left_ || pages_.is_closed() || !policy_.is_kernel_cheaper()) return;
  // Before any thread goes on because of it.
  is_left_to_kernel_ = true;
  pages_.leave_to_kernel();
}

void PagedRange::resolve(const Fault& fault) {
  const auto start = std::chrono::steady_clock::now();
  const MutexLock lock(pages_.mutex());
  if (pages_.is_closed()) return;  // close() wakes the thread, the kernel answers
  const uint64_t byte_offset = fault.address - place_.address;
  const PageRange page{byte_offset / pages_.page_bytes(), 1};
  is_write_ = fault.is_write;
  pages_.begin_answer();
  pages_.source()->on_touch(byte_offset);
  const bool has_woken = answer(byte_offset, page) || try_again_alone(page);
  // Its thread sleeps on where its page has to be brought first.
  const bool is_to_come = !has_woken && pages_.join({page.first, start});
  if (!has_woken && !is_to_come && !pages_.is_closed()) pages_.wake(page);
  if (!is_to_come) pages_.counts().fault_latency.add(nanoseconds_since(start));
  leave_to_kernel_if_cheaper();
  pages_.end_answer();
}

// This and those below return whether the thread has been woken: what is installed wakes, what is there already does
// not.
bool PagedRange::answer(uint64_t byte_offset, PageRange page) {
  if (pages_.is_asked_for(page.first)) return false;
  const bool is_on_its_way = pages_.is_any_on_its_way(page);
  if (pages_.is_present(page.first) && !is_on_its_way) return bring_back(byte_offset, page);
  if (const auto share = read_ahead_.on_fault(page.first)) return install_share(*share, page);
  if (is_on_its_way) return install_page(page);
  return install_window(byte_offset, page);
}

// What failed may have been a page that was brought along.
bool PagedRange::try_again_alone(PageRange page) {
  if (pages_.is_closed() || pages_.is_present(page.first)) return false;
  if (install_page(page)) return true;
  if (!pages_.is_closed() && !pages_.is_present(page.first)) pages_.forbid(page);
  return false;
}

bool PagedRange::install_window(uint64_t byte_offset, PageRange page) {
  const WindowPlan& plan = window_.plan(byte_offset);
  const bool is_run = plan.is_sequential && plan.parts.size() == 1;
  if (is_run && helper_ != nullptr && read_ahead_.begin(plan.parts.front(), page.first)) order_ahead();
  // Clearing one huge page is as much as a thread should wait for.
  const bool may_fill = plan.is_sequential && pages_.page_bytes() < kStepBytes;
  bool is_whole = true;
  uint64_t page_count = 0;
  for (const PageRange part : plan.parts) {
    const uint64_t count = install(part, may_fill ? part : page);
    is_whole = is_whole && count == part.count;
    page_count += part.count;
  }
  policy_.count(plan.kind, page_count, is_write_);
  return is_whole;
}

bool PagedRange::install_share(PageRange share, PageRange page) {
  order_ahead();
  const uint64_t count = install(share, share);
  const bool has_woken = share.contains(page.first) && count == share.count;
  return has_woken || pages_.is_closed() || install_page(page);
}

bool PagedRange::install_page(PageRange page) {
  if (pages_.is_asked_for(page.first)) return false;
  pages_.set_absent(page);
  return install(page, page) == 1;
}

// A page that counts as here: another thread has touched it, too, and has been answered, or the kernel has taken it out
// of the page table, and those around it most likely as well.
bool PagedRange::bring_back(uint64_t byte_offset, PageRange page) {
  if (!install_page(page)) return false;
  for (const PageRange part : window_.plan(byte_offset).parts) {
    pages_.set_absent(part);
    install(part, page);
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
  if (pages_.is_closed()) return false;
  const std::optional<PageRange> chunk = read_ahead_.take(as_many_bytes(kChunkOfSmallPages, pages_.page_bytes()));
  if (!chunk) return false;
  if (may_take_memory) pages_.install(*chunk, {}, &PagingCounts::pages_by_read_ahead);
  const bool has_hole = !pages_.first_absent(*chunk).is_empty();
  if (has_hole) read_ahead_.give_up(*chunk);
  return !pages_.is_closed() && read_ahead_.has_orders();
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
  pages_.forget(pages);
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
  return !is_left_to_kernel_;
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

// In small pages whatever the source's unit is: what users count, in residency(), too.
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

// The kernel would have zeros for it.
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
  if (pages_.source() != nullptr) pages_.leave_to_kernel();
}

}  // namespace vmoffer
