// PageInstaller: a ledger that puts the pages of a source into its range, for a fault, for read-ahead, or for a
// prefetch.
//
// If a page cannot be installed and the kernel knows the right bytes, the whole range is left to the kernel. Otherwise
// the page stays absent, and is tried again when it is touched, unless it is forbidden.
//
// A long stretch that the kernel may map is opened to it: it is unregistered, and the kernel installs its pages in
// groups, for less than UFFDIO_CONTINUE takes. No fault on it is heard of from then on. Any thread, with the ledger's
// lock. Borrows the UserFault, which outlives it. It is a ledger, and does not borrow one, so that clang sees one lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/pager/page_ledger.h"
#include "engine/pager/page_source.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

class PageInstaller : public PageLedger {
 public:
  // REQUIRES: the range is registered.
  PageInstaller(const UserFault& userfault, uint64_t address, uint64_t byte_length, std::shared_ptr<PageSource> source);

  // The size of the pages that this ledger counts: the source's unit.
  uint64_t page_bytes() const { return page_bytes_; }
  // Null once the range has been left to the kernel. Shared, because pages are prepared without the lock.
  std::shared_ptr<PageSource> source() const VMO_REQUIRES(mutex()) { return source_; }
  uint64_t bytes_pulled() const VMO_REQUIRES(mutex());

  // The listener is told when a request of install() is over, and must then call settle(). Call this once, before the
  // range is shared.
  void set_listener(std::weak_ptr<PageRequest::Listener> listener) { listener_ = std::move(listener); }
  // Installs the absent pages of the window, and wakes the threads that wait for them. Returns how many pages it has
  // installed, and adds them to the count. Asks the source for pages that it does not have yet. Fills holes of the
  // source only within `fill`: a guess must not cost memory.
  uint64_t install(PageRange window, PageRange fill, uint64_t PagingCounts::*count_as) VMO_REQUIRES(mutex());
  // Installs the pages that the request has brought, and answers the threads that wait for them. Does nothing once the
  // range is closed.
  void settle(const PageRequest& request) VMO_REQUIRES(mutex());
  // The page has been opened to the kernel: a fault on it is old.
  bool is_open(uint64_t page) const VMO_REQUIRES(mutex()) { return open_.contains(page); }
  // The pages must be brought again, except those that are open: they are the kernel's for good.
  void set_absent(PageRange pages) VMO_REQUIRES(mutex());
  // As install(), with the piece that was prepared aside. Pages that cannot be taken from there are left to install().
  uint64_t install_from(PagesAside& aside, PageRange pages) VMO_REQUIRES(mutex());
  // Nobody has the bytes of these pages: from here on a touch of one ends the process by a signal.
  void forbid(PageRange pages) VMO_REQUIRES(mutex());
  // Somebody has them after all: those of these pages that were forbidden are absent again, and the first are returned.
  PageRange permit(PageRange pages) VMO_REQUIRES(mutex());
  void wake(PageRange pages) const;

  // Closes the range, and has the kernel answer its faults from here on: because that is cheaper, or because what could
  // not be installed has been left to it. REQUIRES: the kernel has the bytes. Once.
  void leave_to_kernel() VMO_REQUIRES(mutex());
  bool is_left_to_kernel() const { return is_left_to_kernel_; }
  // The same because the range is over: nobody is told that the kernel pages it. Does nothing the second time.
  void let_go() VMO_REQUIRES(mutex());
  // Something else has taken the range's addresses: they must not be unregistered any more.
  void set_replaced() VMO_REQUIRES(mutex()) { is_replaced_ = true; }

  PageInstaller(const PageInstaller&) = delete;
  PageInstaller& operator=(const PageInstaller&) = delete;

 private:
  uint64_t expect(PageRange gap, const std::shared_ptr<PageRequest>& request, uint64_t PagingCounts::*count_as,
                  uint64_t& asked_end) VMO_REQUIRES(mutex());
  void answer(const WaitingTouch& touch, bool may_ask_again) VMO_REQUIRES(mutex());
  CopyProgress install_gap(PageRange gap) VMO_REQUIRES(mutex());
  bool may_open(PageRange gap) const VMO_REQUIRES(mutex());
  bool is_beside_open(PageRange pages) const VMO_REQUIRES(mutex());
  uint64_t open(PageRange gap) VMO_REQUIRES(mutex());
  bool unregister(PageRange pages) VMO_REQUIRES(mutex());
  void count_islands(int64_t more) VMO_REQUIRES(mutex());
  uint64_t pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) VMO_REQUIRES(mutex());
  void leave_to_kernel_if_it_can() VMO_REQUIRES(mutex());
  uint64_t address_of(uint64_t page) const { return address_ + page * page_bytes_; }

  const UserFault& userfault_;
  const uint64_t address_;
  const uint64_t page_bytes_;
  std::weak_ptr<PageRequest::Listener> listener_;
  std::shared_ptr<PageSource> source_ VMO_GUARDED_BY(mutex());
  uint64_t bytes_pulled_ VMO_GUARDED_BY(mutex()) = 0;  // when it was left
  PageSet open_ VMO_GUARDED_BY(mutex());
  int64_t islands_ VMO_GUARDED_BY(mutex()) = 0;  // stretches that are open
  PageSet forbidden_ VMO_GUARDED_BY(mutex());
  bool is_replaced_ VMO_GUARDED_BY(mutex()) = false;
  std::atomic<bool> is_left_to_kernel_ = false;
};

}  // namespace vmoffer
