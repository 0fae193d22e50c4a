// PagedRange: one claimed range whose pages are installed on fault, by the pager, out of a page source.
//
// Invariants:
//  1. From close() on nothing is installed in the range any more: its addresses may then belong to somebody else.
//     What is got ready for it aside may take its time; it is put in place with the lock, or not at all.
//  2. No page of the range is ever touched here: a thread that faults while it holds mutex_ would wait for the pager,
//     which waits for mutex_.
//  3. A fault is never left unanswered. What cannot be installed here is left to the kernel, for the whole range, when
//     that knows the right bytes; else the thread that touches it is ended with SIGSEGV: never a silent zero.
//  4. mutex_ is held for some 50 µs at most while bulk work goes on: a fault that comes meanwhile waits no longer.
// Any thread may call any method.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "engine/base/page_set.h"
#include "engine/pager/fault_window.h"
#include "engine/pager/latency_histogram.h"
#include "engine/pager/page_source.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

struct PagingStats {
  uint64_t faults = 0;
  uint64_t pages_by_fault = 0;
  uint64_t pages_by_read_ahead = 0;
  uint64_t pages_by_prefetch = 0;
  uint64_t bytes_pulled = 0;
  LatencyHistogram fault_latency;
};

class PagedRange {
 public:
  // Registers [address, address + byte_length), which must be mapped as the source requires. Borrows the UserFault,
  // which outlives every range.
  static Result<std::shared_ptr<PagedRange>> open(const UserFault& userfault, uint64_t address, uint64_t byte_length,
                                                  std::unique_ptr<PageSource> source);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }

  // REQUIRES: the fault's address is in the range.
  void resolve(const Fault& fault);
  void prefetch(uint64_t byte_offset, uint64_t byte_length);
  PagingStats stats() const;
  // Installs whatever is missing, then closes: the kernel has all it needs. Costs what is missing.
  void complete();
  // Idempotent. What has not been installed is lost to the range (a mapped source is the kernel's, too). Waits for an
  // installation in progress, then wakes whoever waits for a page.
  void close();

  PagedRange(const UserFault& userfault, uint64_t address, uint64_t byte_length, std::unique_ptr<PageSource> source);
  PagedRange(const PagedRange&) = delete;
  PagedRange& operator=(const PagedRange&) = delete;

 private:
  bool install_window(uint64_t byte_offset, PageRange page);
  bool bring_back(uint64_t byte_offset, PageRange page);
  // Installs what of the window is not installed yet; returns how many pages that were. Where the object has holes they
  // are filled within `fill` alone: a guess must not cost memory.
  uint64_t install(PageRange window, PageRange fill);
  // Takes the lock for a moment only, again and again.
  void install_in_steps(PageRange pages, uint64_t step_pages);
  // Nothing where a part of it is there already, or the source says no.
  void bring_by(PagesAside& aside, PageRange pages);
  bool is_wholly_missing(PageRange pages) const;
  uint64_t put_in_place(PagesAside& aside, PageRange pages);
  uint64_t pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end);
  void leave_to_kernel();
  void fail(PageRange pages);

  const UserFault& userfault_;
  const uint64_t address_;
  const uint64_t byte_length_;
  const uint64_t page_bytes_;

  mutable std::mutex mutex_;            // guards all below
  std::shared_ptr<PageSource> source_;  // until closed; shared with who gets pages ready without the lock
  bool is_closed_ = false;
  PageSet installed_;
  FaultWindow window_;
  PagingStats stats_;
};

}  // namespace vmoffer
