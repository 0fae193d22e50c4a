// PageInstaller: a ledger that puts the pages of a source into its range, for a fault, for read-ahead, or for a
// prefetch.
//
// If a page cannot be installed and the kernel knows the right bytes, the whole range is left to the kernel. Otherwise
// the page stays absent, and is tried again when it is touched, unless it is forbidden. Any thread, with the ledger's
// lock. Borrows the UserFault, which outlives it. It is a ledger, and does not borrow one, so that clang sees one lock.
#pragma once

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
  // As install(), with the piece that was prepared aside. Pages that cannot be taken from there are left to install().
  uint64_t install_from(PagesAside& aside, PageRange pages) VMO_REQUIRES(mutex());
  // Nobody has the bytes of these pages: from here on a touch of one ends the process by SIGSEGV.
  void forbid(PageRange pages) VMO_REQUIRES(mutex());
  void wake(PageRange pages) const;

  // Closes the range, and has the kernel answer its faults from here on. Once.
  void leave_to_kernel() VMO_REQUIRES(mutex());
  // Something else has taken the range's addresses: they must not be unregistered any more.
  void set_replaced() VMO_REQUIRES(mutex()) { is_replaced_ = true; }

  PageInstaller(const PageInstaller&) = delete;
  PageInstaller& operator=(const PageInstaller&) = delete;

 private:
  uint64_t expect(PageRange gap, const std::shared_ptr<PageRequest>& request, uint64_t PagingCounts::*count_as,
                  uint64_t& asked_end) VMO_REQUIRES(mutex());
  void answer(const WaitingTouch& touch, bool may_ask_again) VMO_REQUIRES(mutex());
  CopyProgress install_gap(PageRange gap) VMO_REQUIRES(mutex());
  uint64_t pass_hole(PageRange gap, PageRange fill, uint64_t& filled_end) VMO_REQUIRES(mutex());
  void leave_to_kernel_if_it_can() VMO_REQUIRES(mutex());
  uint64_t address_of(uint64_t page) const { return address_ + page * page_bytes_; }

  const UserFault& userfault_;
  const uint64_t address_;
  const uint64_t page_bytes_;
  std::weak_ptr<PageRequest::Listener> listener_;
  std::shared_ptr<PageSource> source_ VMO_GUARDED_BY(mutex());
  uint64_t bytes_pulled_ VMO_GUARDED_BY(mutex()) = 0;  // when it was left
  bool is_replaced_ VMO_GUARDED_BY(mutex()) = false;
};

}  // namespace vmoffer
