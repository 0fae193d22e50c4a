// PageInstaller: a ledger that puts the pages of a source into its range, whoever asks for them: a fault, the helper
// that reads ahead, a prefetch.
//
// What cannot be installed is left to the kernel, for the whole range, when that knows the right bytes. Otherwise a
// page stays absent, and is tried again when it is touched; forbid() is the end of it. Any thread, with the ledger's
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
  // Of a registered range.
  PageInstaller(const UserFault& userfault, uint64_t address, uint64_t byte_length, std::shared_ptr<PageSource> source);

  // Of the pages that are counted here: the source's unit.
  uint64_t page_bytes() const { return page_bytes_; }
  // Null once the range has been left to the kernel. Shared with whoever gets pages ready without the lock.
  std::shared_ptr<PageSource> source() const VMO_REQUIRES(mutex()) { return source_; }
  uint64_t bytes_pulled() const VMO_REQUIRES(mutex());

  // Is told when a request is over that install() has made, and then calls settle(). Once, before the range is shared.
  void set_listener(std::weak_ptr<PageRequest::Listener> listener) { listener_ = std::move(listener); }
  // Installs what of the window is absent, and wakes whoever waits for it; returns how many pages that were, and adds
  // them to the count. What the source has to be asked for is asked for. Where the source has holes they are filled
  // within `fill` alone: a guess must not cost memory.
  uint64_t install(PageRange window, PageRange fill, uint64_t PagingCounts::*count_as) VMO_REQUIRES(mutex());
  // Installs what the request has brought, and answers whoever waits for it; nothing once the range is closed.
  void settle(const PageRequest& request) VMO_REQUIRES(mutex());
  // The same out of what was got ready aside. What it cannot be used for is left to install().
  uint64_t install_from(PagesAside& aside, PageRange pages) VMO_REQUIRES(mutex());
  // Nobody has the bytes of these pages: whoever touches one is ended by a signal.
  void forbid(PageRange pages) VMO_REQUIRES(mutex());
  // Somebody has them after all: those of these pages that were forbidden are absent again, and the first are returned.
  PageRange permit(PageRange pages) VMO_REQUIRES(mutex());
  void wake(PageRange pages) const;

  // Closes the range, and has the kernel answer its faults from here on. Once.
  void leave_to_kernel() VMO_REQUIRES(mutex());
  // What is in the range's place now is registered with somebody else, if at all.
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
  PageSet forbidden_ VMO_GUARDED_BY(mutex());
  bool is_replaced_ VMO_GUARDED_BY(mutex()) = false;
};

}  // namespace vmoffer
