// PageLedger: what has become of each page of a paged range, who waits for what, and whether the range has ended. Its
// mutex is the range's lock.
//
//     asked for ◀──ask_for()── absent ──bring()──▶ on its way ──▶ here
//         │                     ▲  ▲                   │           │
//         └──── is over ────────┘  └── did not arrive ─┴── lost ───┘
//
// A page is present when it is here, on its way or asked for: nobody begins with it. Several threads bring pages at
// once. None of them holds the lock meanwhile, so that a fault on another page, or on one of theirs, is answered at
// once. Nobody is at work for a page that is asked for: a fault on it joins, and whoever ends the request answers it.
//
// close() ends the range: nobody may begin to bring pages, and whoever waits for what is on its way waits for the last.
// What is asked for is forgotten: see take_requests().
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

// A thread that has touched a page, and sleeps until somebody wakes it.
struct WaitingTouch {
  uint64_t page = 0;
  std::chrono::steady_clock::time_point since;
};

// Pages that are asked for, and as what they count when they are here.
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
  // For those who plan; it changes with the lock alone.
  const PageSet& present() const { return present_; }
  PagingStats& counts() VMO_REQUIRES(mutex_) { return counts_; }

  bool is_present(uint64_t page) const VMO_REQUIRES(mutex_) { return present_.contains(page); }
  bool is_any_on_its_way(PageRange pages) const VMO_REQUIRES(mutex_);
  PageRange first_absent(PageRange within) const VMO_REQUIRES(mutex_) { return present_.first_gap(within); }
  void set_here(PageRange pages) VMO_REQUIRES(mutex_) { present_.add(pages); }
  // Lost, or to be brought once more.
  void set_absent(PageRange pages) VMO_REQUIRES(mutex_) { present_.remove(pages); }

  // Calls `work`, which brings pages and returns how many of them have arrived, from the first on. Without the lock:
  // the range may have been closed when it is back. REQUIRES: they are absent.
  template <typename Work>
  uint64_t bring(PageRange pages, Work work) VMO_REQUIRES(mutex_) {
    present_.add(pages);
    uint64_t count = 0;
    prepare(pages, [&] { count = work(); });
    present_.remove({pages.first + count, pages.count - count});
    return count;
  }
  // The same for work after which the pages are still to be brought.
  template <typename Work>
  void prepare(PageRange pages, Work work) VMO_REQUIRES(mutex_) {
    const auto flight = flights_.insert(flights_.end(), {pages, ++last_flight_});
    mutex_.unlock();
    work();
    mutex_.lock();
    flights_.erase(flight);
    changed_.notify_all();
  }

  // REQUIRES: they are absent.
  void ask_for(AskedPages asked) VMO_REQUIRES(mutex_);
  // Those of them that are here are absent; for what is asked for, nothing changes.
  void forget(PageRange pages) VMO_REQUIRES(mutex_);
  bool is_asked_for(uint64_t page) const VMO_REQUIRES(mutex_);
  // False when nobody has been asked for its page.
  bool join(WaitingTouch touch) VMO_REQUIRES(mutex_);
  // Its pages are absent from here on. Nothing when the range has been closed since.
  std::optional<AskedPages> take_asked(const PageRequest& request, uint64_t first_page) VMO_REQUIRES(mutex_);
  // Of a range that is closed: to be cancelled, without the lock.
  std::vector<std::shared_ptr<PageRequest>> take_requests() VMO_REQUIRES(mutex_);

  // A fault is being answered: what comes of it is not in the counts yet. By one thread.
  void begin_answer() VMO_REQUIRES(mutex_) { is_answering_ = true; }
  void end_answer() VMO_REQUIRES(mutex_);

  // Each lets go of the lock meanwhile.
  void await_arrival(PageRange pages) VMO_REQUIRES(mutex_);
  void await_arrivals() VMO_REQUIRES(mutex_);
  // Until nobody is asked for any of these any more, and what has come is here, or the range is closed. Not for the one
  // who answers faults.
  void await_requests(PageRange pages) VMO_REQUIRES(mutex_);
  // For whoever counts: all that has been begun, and nothing that begins meanwhile.
  void await_what_has_begun() VMO_REQUIRES(mutex_);

  bool is_closed() const VMO_REQUIRES(mutex_) { return is_closed_; }
  // What is on its way still arrives; see await_arrivals(). Whoever waits for a request waits no longer.
  void close() VMO_REQUIRES(mutex_);

  PageLedger(const PageLedger&) = delete;
  PageLedger& operator=(const PageLedger&) = delete;

 private:
  struct Flight {
    PageRange pages;
    uint64_t number = 0;
  };

  using Asked = std::map<uint64_t, AskedPages>;  // by their first page; no page is in two of them
  Asked::const_iterator find_asked(PageRange pages) const VMO_REQUIRES(mutex_);
  bool is_still_under_way(uint64_t faults, uint64_t last_flight) const VMO_REQUIRES(mutex_);

  const PageRange all_;
  mutable Mutex mutex_;
  Condition changed_;  // of what is under way
  PageSet present_;    // changed with the lock
  // In the order of their numbers.
  std::list<Flight> flights_ VMO_GUARDED_BY(mutex_);
  Asked asked_ VMO_GUARDED_BY(mutex_);
  uint64_t last_flight_ VMO_GUARDED_BY(mutex_) = 0;
  bool is_answering_ VMO_GUARDED_BY(mutex_) = false;
  bool is_closed_ VMO_GUARDED_BY(mutex_) = false;
  PagingStats counts_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
