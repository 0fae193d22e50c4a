// PagedRange: one claimed range whose pages the pager installs on faults, from a page source. It asks the policies
// which pages to install for a touch. The installer installs them, and as a ledger knows the state of each page.
//
// Invariants:
//  1. From close() on nothing is installed in the range any more, because its addresses may belong to something else.
//     Preparing pages aside may take longer; they are put in place with the lock, or not at all.
//  2. No page of the range is ever touched here: a thread that faults while it holds the ledger's lock would wait for
//     the pager, which waits for that lock.
//  3. Every fault is answered. If a page cannot be installed here and the kernel knows the right bytes, the whole range
//     is left to the kernel. Otherwise SIGSEGV ends the process: it never reads a silent zero. A page that fails before
//     any thread has touched it stays absent, and is tried again when it is touched.
//  4. The lock is not held while pages are brought in, except for huge pages that are put in place whole. So a fault
//  that
//     comes meanwhile is answered at once, even on a page that another thread is bringing in.
//  5. Only threads that touch its pages wait for a request, and prefetches of them. A request that ends once the range
//  is
//     closed changes nothing.
// Any thread may call any method but resolve(), which belongs to the one that reads the faults.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/pager/dense_parts.h"
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
  // Registers the place. REQUIRES: it is mapped as the source needs it. Borrows the UserFault and the helper (null if
  // there is none), which outlive every range.
  static Result<std::shared_ptr<PagedRange>> open(const UserFault& userfault, Place place,
                                                  std::unique_ptr<PageSource> source, AheadThread* helper);

  uint64_t address() const { return place_.address; }
  uint64_t byte_length() const { return place_.byte_length; }

  // From here on the range is left to the kernel once that is cheaper, if its source allows it. `what` is what the
  // kernel's faults then bring.
  void may_be_left_to_kernel(FaultsBring what);
  // It has been, for that or because something could not be installed: the kernel answers its faults.
  bool is_left_to_kernel() const { return pages_.is_left_to_kernel(); }

  // REQUIRES: the fault's address is in the range.
  void resolve(const Fault& fault);
  // A request of this range is over. Called without the range's lock.
  void on_over(const PageRequest& request) override;
  // Of supplied memory, by the thread that hears of it. Without the lock.
  void permit(uint64_t byte_offset, uint64_t byte_length) override;
  void bring(uint64_t byte_offset, uint64_t byte_length) override;
  void take_back(uint64_t byte_offset, uint64_t byte_length) override;
  // False if the range has been left to the kernel, perhaps midway: then the kernel must bring the rest.
  bool prefetch(uint64_t byte_offset, uint64_t byte_length);
  // For the helper: installs the next few pages that were ordered ahead. False if there is no more to do.
  bool install_ahead();
  // For the helper, while the range is left to the kernel: looks for parts that have become dense, for about as long as
  // the allowance, and orders the rest of them. False if there is no more to look for.
  bool look_for_dense_parts(Clock::duration allowance);
  // Waits for work under way, because a page can be touched before it is counted, but does not wait for requests.
  PagingStats stats() const;
  // As stats(), without waiting and without the work under way.
  PagingStats stats_so_far() const;
  // Installs all absent pages and then closes the range, so that the kernel has everything. Takes as long as that.
  void complete();
  // Call this before something else is put in the range's place. From here on nothing is installed, and no thread sees
  // what the kernel would have there: threads that wait for a page wait until close().
  void stop();
  // Call this between stop() and close() if something else is in the range's place now, whose registration must stay.
  void set_replaced();
  // Idempotent. Pages that have not been installed are lost to the range, unless the kernel has their bytes. Waits for
  // an installation in progress, cancels requests, and wakes the threads that wait for pages.
  void close();

  PagedRange(const UserFault& userfault, Place place, std::unique_ptr<PageSource> source, AheadThread* helper);
  PagedRange(const PagedRange&) = delete;
  PagedRange& operator=(const PagedRange&) = delete;

 private:
  void leave_to_kernel_if_cheaper(uint32_t reader) VMO_REQUIRES(pages_.mutex());
  bool install_of_dense_parts() VMO_REQUIRES(pages_.mutex());
  bool answer(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool try_again_alone(PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_window(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_stint(PageRange stint, PageRange page) VMO_REQUIRES(pages_.mutex());
  bool overtake(PageRange page) VMO_REQUIRES(pages_.mutex());
  bool install_page(PageRange page) VMO_REQUIRES(pages_.mutex());
  bool bring_back(uint64_t byte_offset, PageRange page) VMO_REQUIRES(pages_.mutex());
  // Counts the pages that it installs as brought by a fault.
  uint64_t install(PageRange window, PageRange fill) VMO_REQUIRES(pages_.mutex());
  void order_ahead() VMO_REQUIRES(pages_.mutex());
  PageRange pages_of(uint64_t byte_offset, uint64_t byte_length) const;
  void permit(PageRange pages) VMO_REQUIRES(pages_.mutex());
  PagingStats collect_stats() const VMO_REQUIRES(pages_.mutex());
  void forbid_what_is_absent();

  const Place place_;
  const bool takes_memory_;
  AheadThread* const helper_;
  mutable PageInstaller pages_;  // mutable, because stats() takes its lock and waits
  // What is left to the kernel is watched while this is set. The look is the helper's.
  std::shared_ptr<PageSource> watched_ VMO_GUARDED_BY(pages_.mutex());
  std::optional<DenseParts> dense_parts_;
  std::vector<PageRange> dense_ VMO_GUARDED_BY(pages_.mutex());  // still to be brought
  FaultsBring faults_bring_ VMO_GUARDED_BY(pages_.mutex()) = FaultsBring::kGroups;
  bool may_be_left_ VMO_GUARDED_BY(pages_.mutex()) = false;
  bool is_write_ VMO_GUARDED_BY(pages_.mutex()) = false;  // the touch that is being answered
  PagingPolicy policy_ VMO_GUARDED_BY(pages_.mutex());
  FaultWindow window_ VMO_GUARDED_BY(pages_.mutex());
  ReadAhead read_ahead_ VMO_GUARDED_BY(pages_.mutex());
};

}  // namespace vmoffer
