#include "engine/sys/hole_puncher.h"

#include <fcntl.h>
#include <linux/falloc.h>

#include <chrono>
#include <memory>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/sys/call.h"
#include "engine/sys/expendable_call.h"
#include "engine/sys/page_table.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

bool HolePuncher::punch(int fd, PageRange pages) {
  const auto deadline = std::chrono::steady_clock::now() + kPatienceWithStrangers;
  const MutexLock lock(mutex_);
  owed_.add(pages);
  if (!is_running_) {
    Result<UniqueFd> copy = duplicate(fd);
    if (!copy.is_ok()) return false;
    is_running_ = true;
    run_expendably(
        [self = shared_from_this(), own = std::make_shared<UniqueFd>(copy.take())] { self->run(own->get()); });
  }
  while (!is_held_up_ && is_to_do(pages)) {
    if (!went_on_.wait_until(mutex_, deadline)) is_held_up_ = is_to_do(pages);
  }
  return true;
}

void HolePuncher::run(int fd) {
  checkpoint("object.punching");
  for (PageRange pages = take_next(); !pages.is_empty(); pages = take_next()) {
    punch_hole_now(fd, pages.first * page_bytes(), pages.count * page_bytes());
  }
}

// A page that is read while it is being taken out may be made anew. It is owed again then, and taken out once more.
PageRange HolePuncher::take_next() {
  const MutexLock lock(mutex_);
  under_way_ = owed_.first_run({0, owed_.page_count()});
  owed_.remove(under_way_);
  is_running_ = !under_way_.is_empty();
  is_held_up_ = false;
  went_on_.notify_all();
  return under_way_;
}

bool HolePuncher::is_to_do(PageRange pages) const {
  return owed_.contains_any(pages) || !intersect(under_way_, pages).is_empty();
}

bool punch_hole_now(int fd, uint64_t byte_offset, uint64_t byte_length) {
  const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return retry_on_eintr([&] {
           return ::fallocate(fd, mode, static_cast<off_t>(byte_offset), static_cast<off_t>(byte_length));
         }) == 0;
}

}  // namespace vmoffer
