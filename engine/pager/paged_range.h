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

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

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
  using Lock = std::unique_lock<std::mutex>;
  struct Flight {
    PageRange pages;
    uint64_t number = 0;
  };

  bool answer(Lock& lock, uint64_t byte_offset, PageRange page);
  bool try_again_alone(Lock& lock, PageRange page);
  bool install_window(Lock& lock, uint64_t byte_offset, PageRange page);
  bool install_share(Lock& lock, PageRange share, PageRange page);
  bool install_page(Lock& lock, PageRange page);
  bool bring_back(Lock& lock, uint64_t byte_offset, PageRange page);
  void order_ahead();
  // Installs what of the window is not installed yet; returns how many pages that were. Where the object has holes they
  // are filled within `fill` alone: a guess must not cost memory.
  uint64_t install(Lock& lock, PageRange window, PageRange fill);
  CopyProgress install_gap(Lock& lock, PageRange gap);
  template <typename Work>
  void without_lock(Lock& lock, PageRange pages, Work work);
  // Takes the lock for a moment only, again and again.
  void install_in_steps(PageRange pages, uint64_t step_pages);
  // Nothing where a part of it is there already, or the source says no.
  void bring_by(PagesAside& aside, PageRange pages);
  bool is_in_flight(PageRange pages) const;  // any of them
  bool is_wholly_missing(PageRange pages) const;
  uint64_t put_in_place(PagesAside& aside, PageRange pages);
  uint64_t pass_hole(Lock& lock, PageRange gap, PageRange fill, uint64_t& filled_end);
  PagingStats in_small_pages(PagingStats stats) const;
  void leave_to_kernel();
  PagingStats collect_stats() const;  // REQUIRES: mutex_ is held
  void stop(Lock& lock);
  void await_flights(Lock& lock);
  void leave_to_kernel_if_it_can();
  void forbid(PageRange pages);
  void forbid_what_is_missing();

  const UserFault& userfault_;
  const uint64_t address_;
  const uint64_t byte_length_;
  const uint64_t page_bytes_;  // of the pages that are counted here: the source's unit
  const bool costs_memory_;
  AheadThread* const helper_;

  mutable std::mutex mutex_;            // guards all below
  std::shared_ptr<PageSource> source_;  // until closed; shared with who gets pages ready without the lock
  bool is_closed_ = false;
  bool is_replaced_ = false;
  std::list<Flight> in_flight_;  // being brought in without the lock, in the order of their numbers
  uint64_t last_flight_ = 0;
  bool is_answering_ = false;
  mutable std::condition_variable changed_;  // of what is under way
  PageSet installed_;
  FaultWindow window_;
  ReadAhead read_ahead_;
  PagingStats stats_;
};

}  // namespace vmoffer
