// BulkInstall: installs a long piece of a range for which no thread waits, a step at a time, so that faults on the
// range are answered in between. If the source can prepare whole steps aside, each is put in place in one go. Used by
// one thread, without the lock. Borrows the range's pages; closing the range waits for the step that has begun.
#pragma once

#include <cstdint>

#include "engine/pager/page_installer.h"

namespace vmoffer {

class BulkInstall {
 public:
  BulkInstall(PageInstaller& pages, std::shared_ptr<PageSource> source);

  // Returns when every page that can be had is installed, or the range is closed.
  void run(uint64_t byte_offset, uint64_t byte_length);

 private:
  void install_from_aside(PageRange pages);
  void install_in_steps(PageRange pages);
  void await_what_was_asked_for(PageRange pages);
  bool is_wholly_absent(PageRange pages) const;

  PageInstaller& pages_;
  const std::shared_ptr<PageSource> source_;
  const std::unique_ptr<PagesAside> aside_;  // null if the source has none
  const uint64_t page_bytes_;
};

}  // namespace vmoffer
