// PageLedger: the state of each page of a paged range, the threads that wait, and whether the range has ended. Its
// mutex is the range's lock.
//
//     asked for ◀──ask_for()── absent ──bring()──▶ on its way ──▶ here
//         │                     ▲  ▲                   │           │
//         └──── is over ────────┘  └── did not arrive ─┴── lost ───┘
//
// A page counts as present if it is here, on its way or asked for: no thread begins to bring it. Several threads may
// bring pages at once. They do not hold the lock meanwhile, so that a fault on any page is answered at once. No thread
// works on a page that is asked for: a fault on it joins the request, and the thread that ends the request answers the
// fault.
//
// close() ends the range: no thread may begin to bring pages any more. Pages that are on their way still arrive. Pages
// that are asked for are forgotten: see take_requests().
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/page_set.h"
#include "engine/pager/page_request.h"
#include "engine/pager/paging_stats.h"

namespace vmoffer {

// A touch of a page whose thread sleeps until the page is there.
struct WaitingTouch {
  uint64_t page = 0;
  std::chrono::steady_clock::time_point since;
};

// Pages that are asked for, and the counter to which they will be added.
struct AskedPages {
  PageRange pages;
  std::shared_ptr<PageRequest> request;
  uint64_t PagingCounts::*count_as = nullptr;
  std::vector<WaitingTouch> waiting;
};

class PageLedger {
 public:
  explicit PageLedger(uint64_t page_count) : all_{0, page_count}, present_(page_count) {}

  Mutex& mutex() const VMO_RETURN_CAPABILITY(mutex_) { return mutex_; }
  PageRange all() const { return all_; }
  // For the policies. Changes only while the lock is held.
  const PageSet& present() const { return present_; }
  PagingStats& counts() VMO_REQUIRES(mutex_) { return counts_; }

  bool is_present(uint64_t page) const VMO_REQUIRES(mutex_) { return present_.contains(page); }
  bool is_any_on_its_way(PageRange pages) const VMO_REQUIRES(mutex_);
  PageRange first_absent(PageRange within) const VMO_REQUIRES(mutex_) { return present_.first_gap(within); }
  void set_here(PageRange pages) VMO_REQUIRES(mutex_) { present_.add(pages); }
  // The pages are lost, or must be brought again. For those of them that are asked for, nothing changes.
  void set_absent(PageRange pages) VMO_REQUIRES(mutex_);

  // Calls `work`, which brings the pages and returns how many of them have arrived, counted from the first. Releases
  // the lock meanwhile, so the range may be closed when this returns. REQUIRES: the pages are absent.
  template <typename Work>
  uint64_t bring(PageRange pages, Work work) VMO_REQUIRES(mutex_) {
    present_.add(pages);
    uint64_t count = 0;
    prepare(pages, [&] { count = work(); });
    present_.remove({pages.first + count, pages.count - count});
    return count;
  }
  // As bring(), for work after which the pages must still be brought.
  template <typename Work>
  void prepare(PageRange pages, Work work) VMO_REQUIRES(mutex_) {
    const auto flight = flights_.insert(flights_.end(), {pages, ++last_flight_});
    mutex_.unlock();
    work();
    mutex_.lock();
    flights_.erase(flight);
    changed_.notify_all();
  }

  // REQUIRES: the pages are absent.
  void ask_for(AskedPages asked) VMO_REQUIRES(mutex_);
  bool is_asked_for(uint64_t page) const VMO_REQUIRES(mutex_);
  // False if the page is not asked for.
  bool join(WaitingTouch touch) VMO_REQUIRES(mutex_);
  // Takes the request's pages out, which makes them absent. Nothing if the range was closed meanwhile.
  std::optional<AskedPages> take_asked(const PageRequest& request, uint64_t first_page) VMO_REQUIRES(mutex_);
  // Takes all requests out of a closed range. The caller must cancel them, without the lock.
  std::vector<std::shared_ptr<PageRequest>> take_requests() VMO_REQUIRES(mutex_);

  // Between the two a fault is being answered, and is not in the counts yet. Only one thread answers faults.
  void begin_answer() VMO_REQUIRES(mutex_) { is_answering_ = true; }
  void end_answer() VMO_REQUIRES(mutex_);

  // All of these release the lock while they wait.
  void await_arrival(PageRange pages) VMO_REQUIRES(mutex_);
  void await_arrivals() VMO_REQUIRES(mutex_);
  // Waits until none of these pages is asked for any more and those that came are installed, or the range is closed.
  // Must not be called by the thread that answers faults.
  void await_requests(PageRange pages) VMO_REQUIRES(mutex_);
  // Waits for the work that has begun, so that it is counted, but not for work that begins meanwhile.
  void await_what_has_begun() VMO_REQUIRES(mutex_);

  bool is_closed() const VMO_REQUIRES(mutex_) { return is_closed_; }
  // Pages that are on their way still arrive; see await_arrivals(). await_requests() waits no longer.
  void close() VMO_REQUIRES(mutex_);

  PageLedger(const PageLedger&) = delete;
  PageLedger& operator=(const PageLedger&) = delete;

 private:
  struct Flight {
    PageRange pages;
    uint64_t number = 0;
  };

  using Asked = std::map<uint64_t, AskedPages>;  // by first page; they do not overlap
  Asked::const_iterator find_asked(PageRange pages) const VMO_REQUIRES(mutex_);
  bool is_still_under_way(uint64_t faults, uint64_t last_flight) const VMO_REQUIRES(mutex_);

  const PageRange all_;
  mutable Mutex mutex_;
  Condition changed_;  // notified when work under way has ended
  PageSet present_;    // changed with the lock
  // In the order of numbers.
  std::list<Flight> flights_ VMO_GUARDED_BY(mutex_);
  Asked asked_ VMO_GUARDED_BY(mutex_);
  uint64_t last_flight_ VMO_GUARDED_BY(mutex_) = 0;
  bool is_answering_ VMO_GUARDED_BY(mutex_) = false;
  bool is_closed_ VMO_GUARDED_BY(mutex_) = false;
  PagingStats counts_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
