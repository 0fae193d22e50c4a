// BulkInstall: brings a long piece of a range that nobody waits for, a step at a time, so that faults on it go on being
// answered. Where the source can get whole steps ready aside, they are put in place in one go. By one thread, without
// the lock; borrows the range's pages, whose end waits for what it has begun.
#pragma once

#include <cstdint>

#include "engine/pager/page_installer.h"

namespace vmoffer {

class BulkInstall {
 public:
  BulkInstall(PageInstaller& pages, std::shared_ptr<PageSource> source);

  // Until all pages are there that can be had, or the range is closed.
  void run(uint64_t byte_offset, uint64_t byte_length);

 private:
  void install_from_aside(PageRange pages);
  void install_in_steps(PageRange pages);
  void await_what_was_asked_for(PageRange pages);
  bool is_wholly_absent(PageRange pages) const;

  PageInstaller& pages_;
  const std::shared_ptr<PageSource> source_;
  const std::unique_ptr<PagesAside> aside_;  // null: there is nothing better than one page after the other
  const uint64_t page_bytes_;
};

}  // namespace vmoffer
