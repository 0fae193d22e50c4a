// PagedRange: one claimed range whose pages are installed on fault, by the pager, out of a page source. It asks the
// policies what to install for a touch; the installer installs it, and knows as a ledger what is there.
//
// Invariants:
//  1. From close() on nothing is installed in the range any more: its addresses may then belong to somebody else.
//     What is got ready for it aside may take its time; it is put in place with the lock, or not at all.
//  2. No page of the range is ever touched here: a thread that faults while it holds the ledger's lock would wait for
//     the pager, which waits for that lock.
//  3. A fault is never left unanswered. What cannot be installed here is left to the kernel, for the whole range, when
//     that knows the right bytes; else the thread that touches it is ended with SIGSEGV: never a silent zero. What
//     fails before anybody has touched it stays absent, and is tried again when it is touched.
//  4. The lock is not held while pages are brought in, but for huge pages that are put in place whole: a fault that
//     comes meanwhile is answered at once, also for a page that somebody else is bringing in.
//  5. Nobody waits for a request but those who touch its pages, and a prefetch of them. What comes once the range is
//     closed does nothing.
// Any thread may call any method but resolve(), which belongs to the one that reads the faults.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/pager/fault_window.h"
#include "engine/pager/page_installer.h"
#include "engine/pager/page_source.h"
#include "engine/pager/paging_policy.h"
#include "engine/pager/paging_stats.h"
#include "engine/pager/read_ahead.h"
#include "engine/supply/supplied_claim.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

class AheadThread;

class PagedRange : public PageRequest::Listener,
                   public SuppliedClaim::Pages,
                   public std::enable_shared_from_this<PagedRange> {
 public:
  struct Place {
    uint64_t address = 0;
    uint64_t byte_length = 0;
  };
  // Registers the place, which must be mapped as the source requires. Borrows the UserFault and the helper (null: there
  // is none), which outlive every range.
  static Result<std::shared_ptr<PagedRange>> open(const UserFault& userfault, Place place,
                                                  std::unique_ptr<PageSource> source, AheadThread* helper);

  uint64_t address() const { return place_.address; }
  uint64_t byte_length() const { return place_.byte_length; }

  // From here on the range is left to the kernel once that is cheaper, if its source allows it.
  void may_be_left_to_kernel();
  // It has been: the kernel answers its faults.
  bool is_left_to_kernel() const { return is_left_to_kernel_; }

  // REQUIRES: the fault's address is in the range.
  void resolve(const Fault& fault);
  // A request of this range is over. Without its lock.
  void on_over(const PageRequest& request) override;
  // Of supplied memory, by the thread that hears of it. Without the lock.
  void permit(uint64_t byte_offset, uint64_t byte_length) override;
  void bring(uint64_t byte_offset, uint64_t byte_length) override;
  void take_back(uint64_t byte_offset, uint64_t byte_length) override;
  // False if the range has been left to the kernel, maybe in the midst of it: then the kernel has to bring the rest.
  bool prefetch(uint64_t byte_offset, uint64_t byte_length);
  // For the helper: installs the next few pages of what was ordered ahead. False when there is no more to do.
  bool install_ahead();
  // Waits for what is under way, as a page can be touched before it is in the books, but not for what is asked for.
  PagingStats stats() const;
  // The same without waiting for what is under way, which is not in it.
  PagingStats stats_so_far() const;
  // Installs whatever is absent, then closes: the kernel has all it needs. Costs what is absent.
  void complete();
  // For who is about to put something else in the range's place: from here on nothing is installed, and nobody sees
  // what the kernel would have there. Whoever waits for a page waits until close().
  void stop();
  // After that, and before close(): what is there now is registered with somebody else, if at all.
  void set_replaced();
  // Idempotent. What has not been installed is lost to the range (a mapped source is the kernel's, too). Waits for an
  // installation in progress, cancels requests, and wakes whoever waits for a page.
  void close();

  PagedRange(const UserFault& userfault, Place place, std::unique_ptr<PageSource> source, AheadThread* helper);
  PagedRange(const PagedRange&) = delete;
  PagedRange& operator=(const PagedRange&) = delete;

 private:
  void leave_to_kernel_if_cheaper() VMO_REQUIRES(pages_.mutex());
  bool answer(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool try_again_alone(PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_window(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_share(PageRange share, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_page(PageRange page) VMO_REQUIRES(pages_.mutex());
  bool bring_back(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  // Counts what it installs as brought by a fault.
  uint64_t install(PageRange window, PageRange fill) VMO_REQUIRES(pages_.mutex());
  void order_ahead() VMO_REQUIRES(pages_.mutex());
  PageRange pages_of(uint64_t byte_offset, uint64_t byte_length) const;
  void permit(PageRange pages) VMO_REQUIRES(pages_.mutex());
  PagingStats collect_stats() const VMO_REQUIRES(pages_.mutex());
  void forbid_what_is_absent();

  const Place place_;
  const bool takes_memory_;
  AheadThread* const helper_;
  mutable PageInstaller pages_;  // waiting for its lock changes nothing
  std::atomic<bool> is_left_to_kernel_ = false;
  bool may_be_left_ VMO_GUARDED_BY(pages_.mutex()) = false;
  bool is_write_ VMO_GUARDED_BY(pages_.mutex()) = false;  // the touch that is being answered
  PagingPolicy policy_ VMO_GUARDED_BY(pages_.mutex());
  FaultWindow window_ VMO_GUARDED_BY(pages_.mutex());
  ReadAhead read_ahead_ VMO_GUARDED_BY(pages_.mutex());
};

}  // namespace vmoffer
