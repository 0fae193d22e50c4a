#include "engine/pager/bulk_install.h"

#include <algorithm>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"

namespace vmoffer {

BulkInstall::BulkInstall(PageInstaller& pages, std::shared_ptr<PageSource> source)
    : pages_(pages), source_(std::move(source)), aside_(source_->open_aside()), page_bytes_(pages.page_bytes()) {}

void BulkInstall::run(uint64_t byte_offset, uint64_t byte_length) {
  const uint64_t range_bytes = pages_.all().count * page_bytes_;
  const uint64_t end = std::min(align_up(byte_offset + byte_length, page_bytes_), range_bytes);
  const uint64_t piece = step_bytes(page_bytes_);
  for (uint64_t at = align_down(byte_offset, page_bytes_); at < end;) {
    const uint64_t next = std::min(align_down(at, piece) + piece, end);
    const PageRange pages{at / page_bytes_, (next - at) / page_bytes_};
    if (aside_ != nullptr) install_from_aside(pages);
    install_in_steps(pages);
    await_what_was_asked_for(pages);
    at = next;
  }
}

void BulkInstall::install_from_aside(PageRange pages) {
  if (!is_wholly_absent(pages)) return;
  if (!aside_->fill(pages.first * page_bytes_, pages.count * page_bytes_)) return;
  checkpoint("prefetch.filled");
  {
    const MutexLock lock(pages_.mutex());
    if (pages_.is_closed()) return;
    pages_.counts().pages_by_prefetch += pages_.install_from(*aside_, pages);
    // Another thread may still read pages of this piece from the source; give_back() must not come before it is done.
    pages_.await_arrival(pages);
  }
  aside_->give_back();
}

void BulkInstall::install_in_steps(PageRange pages) {
  const uint64_t step_pages = std::max(source_->bulk_step_bytes(), page_bytes_) / page_bytes_;
  for (uint64_t at = pages.first; at < pages.end(); at += step_pages) {
    checkpoint("prefetch.step");
    const MutexLock lock(pages_.mutex());
    if (pages_.is_closed()) return;
    const PageRange step{at, std::min(step_pages, pages.end() - at)};
    pages_.install(step, step, &PagingCounts::pages_by_prefetch);
  }
}

void BulkInstall::await_what_was_asked_for(PageRange pages) {
  const MutexLock lock(pages_.mutex());
  pages_.await_requests(pages);
}

bool BulkInstall::is_wholly_absent(PageRange pages) const {
  const MutexLock lock(pages_.mutex());
  return !pages_.is_closed() && pages_.first_absent(pages) == pages;
}

}  // namespace vmoffer
