// PagedRange: one claimed range whose pages are installed on fault, by the pager, out of a page source.
//
// Invariants:
//  1. From close() on nothing is installed in the range any more: its addresses may then belong to somebody else.
//     What is got ready for it aside may take its time; it is put in place with the lock, or not at all.
//  2. No page of the range is ever touched here: a thread that faults while it holds mutex_ would wait for the pager,
//     which waits for mutex_.
//  3. A fault is never left unanswered. What cannot be installed here is left to the kernel, for the whole range, when
//     that knows the right bytes; else the thread that touches it is ended with SIGSEGV: never a silent zero. What
//     fails before anybody has touched it stays missing, and is tried again when it is touched.
//  4. mutex_ is not held while pages are brought in, but for huge pages that are put in place whole: a fault that comes
//     meanwhile is answered at once, also for a page that somebody else is bringing in.
// Any thread may call any method but resolve(), which belongs to the one that reads the faults.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/base/page_set.h"
#include "engine/pager/fault_window.h"
#include "engine/pager/latency_histogram.h"
#include "engine/pager/page_source.h"
#include "engine/pager/read_ahead.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

struct PagingStats {
  uint64_t faults = 0;
  uint64_t pages_by_fault = 0;
  uint64_t pages_by_read_ahead = 0;
  uint64_t pages_by_prefetch = 0;
  // Of the pages that read-ahead took on: those that the reader has come past, and those that nobody came for.
  uint64_t read_ahead_hits = 0;
  uint64_t read_ahead_waste = 0;
  uint64_t bytes_pulled = 0;
  LatencyHistogram fault_latency;
};

class AheadThread;

class PagedRange : public std::enable_shared_from_this<PagedRange> {
 public:
  struct Place {
    uint64_t address = 0;
    uint64_t byte_length = 0;
  };
  // Registers the place, which must be mapped as the source requires. Borrows the UserFault and the helper (null: there
  // is none), which outlive every range.
  static Result<std::shared_ptr<PagedRange>> open(const UserFault& userfault, Place place,
                                                  std::unique_ptr<PageSource> source, AheadThread* helper);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }

  // REQUIRES: the fault's address is in the range.
  void resolve(const Fault& fault);
  void prefetch(uint64_t byte_offset, uint64_t byte_length);
  // For the helper: installs the next few pages of what was ordered ahead. False when there is no more to do.
  bool install_ahead();
  PagingStats stats() const;
  // The same without waiting for what is under way, which is not in it.
  PagingStats stats_so_far() const;
  // Installs whatever is missing, then closes: the kernel has all it needs. Costs what is missing.
  void complete();
  // For who is about to put something else in the range's place: from here on nothing is installed, and nobody sees
  // what the kernel would have there. Whoever waits for a page waits until close().
  void stop();
  // After that, and before close(): what is there now is registered with somebody else, if at all.
  void set_replaced();
  // Idempotent. What has not been installed is lost to the range (a mapped source is the kernel's, too). Waits for an
  // installation in progress, then wakes whoever waits for a page.
  void close();

  PagedRange(const UserFault& userfault, Place place, std::unique_ptr<PageSource> source, AheadThread* helper);
  PagedRange(const PagedRange&) = delete;
  PagedRange& operator=(const PagedRange&) = delete;

 private:
  struct Flight {
    PageRange pages;
    uint64_t number = 0;
  };

  bool answer(uint64_t byte_offset, PageRange page) VMO_REQUIRES(mutex_);
  bool try_again_alone(PageRange page) VMO_REQUIRES(mutex_);
  bool install_window(uint64_t byte_offset, PageRange page) VMO_REQUIRES(mutex_);
  bool install_share(PageRange share, PageRange page) VMO_REQUIRES(mutex_);
  bool install_page(PageRange page) VMO_REQUIRES(mutex_);
  bool bring_back(uint64_t byte_offset, PageRange page) VMO_REQUIRES(mutex_);
  void order_ahead() VMO_REQUIRES(mutex_);
  // Installs what of the window is not installed yet; returns how many pages that were. Where the object has holes they
  // are filled within `fill` alone: a guess must not cost memory.
  uint64_t install(PageRange window, PageRange fill) VMO_REQUIRES(mutex_);
  CopyProgress install_gap(PageRange gap) VMO_REQUIRES(mutex_);
  // Lets go of the lock meanwhile.
  template <typename Work>
  void without_lock(PageRange pages, Work work) VMO_REQUIRES(mutex_);
  // Takes the lock for a moment only, again and again.
  void install_in_steps(PageRange pages, uint64_t step_pages);
  // Nothing where a part of it is there already, or the source says no.
  void bring_by(PagesAside& aside, PageRange pages);
  bool is_in_flight(PageRange pages) const VMO_REQUIRES(mutex_);  // any of them
  bool is_wholly_missing(PageRange pages) const;
  uint64_t put_in_place(PagesAside& aside, PageRange pages) VMO_REQUIRES(mutex_);
  uint64_t pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) VMO_REQUIRES(mutex_);
  PagingStats in_small_pages(PagingStats stats) const VMO_REQUIRES(mutex_);
  void leave_to_kernel() VMO_REQUIRES(mutex_);
  PagingStats collect_stats() const VMO_REQUIRES(mutex_);
  bool is_still_under_way(uint64_t faults, uint64_t last_flight) const VMO_REQUIRES(mutex_);
  void stop_with_lock() VMO_REQUIRES(mutex_);
  void await_flights() VMO_REQUIRES(mutex_);
  void leave_to_kernel_if_it_can() VMO_REQUIRES(mutex_);
  void forbid(PageRange pages) VMO_REQUIRES(mutex_);
  void forbid_what_is_missing();

  const UserFault& userfault_;
  const uint64_t address_;
  const uint64_t byte_length_;
  const uint64_t page_bytes_;  // of the pages that are counted here: the source's unit
  const bool costs_memory_;
  AheadThread* const helper_;

  mutable Mutex mutex_;
  mutable Condition changed_;  // of what is under way
  // Until closed; shared with who gets pages ready without the lock.
  std::shared_ptr<PageSource> source_ VMO_GUARDED_BY(mutex_);
  bool is_closed_ VMO_GUARDED_BY(mutex_) = false;
  bool is_replaced_ VMO_GUARDED_BY(mutex_) = false;
  // Being brought in without the lock, in the order of their numbers.
  std::list<Flight> in_flight_ VMO_GUARDED_BY(mutex_);
  uint64_t last_flight_ VMO_GUARDED_BY(mutex_) = 0;
  bool is_answering_ VMO_GUARDED_BY(mutex_) = false;
  PageSet installed_ VMO_GUARDED_BY(mutex_);
  FaultWindow window_ VMO_GUARDED_BY(mutex_);
  ReadAhead read_ahead_ VMO_GUARDED_BY(mutex_);
  PagingStats stats_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
