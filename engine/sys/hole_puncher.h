// HolePuncher: takes pages out of a memory object, on a thread that may be lost (see call_within). Each page that it
// was asked for is taken out, however late: a thread that gets no turn for a while must not leave the pages there for
// as long as the object lives. Any thread may call any method.
#pragma once

#include <memory>

#include "engine/base/mutex.h"
#include "engine/base/page_set.h"

namespace vmoffer {

class HolePuncher : public std::enable_shared_from_this<HolePuncher> {
 public:
  explicit HolePuncher(uint64_t page_count) : owed_(page_count) {}

  // Waits until the pages are out, so that a thread that copies does not run ahead of the one that gives back. If
  // another process holds the work up, it waits 200 ms once, and not again until the work goes on.
  // Borrows the descriptor of the object, which can write. False if there is none left to work with; the pages are owed
  // then until the next call.
  bool punch(int fd, PageRange pages);

  HolePuncher(const HolePuncher&) = delete;
  HolePuncher& operator=(const HolePuncher&) = delete;

 private:
  void run(int fd);
  PageRange take_next();
  bool is_to_do(PageRange pages) const VMO_REQUIRES(mutex_);

  Mutex mutex_;
  Condition went_on_;
  PageSet owed_ VMO_GUARDED_BY(mutex_);
  PageRange under_way_ VMO_GUARDED_BY(mutex_);
  bool is_running_ VMO_GUARDED_BY(mutex_) = false;
  bool is_held_up_ VMO_GUARDED_BY(mutex_) = false;
};

// Gives the memory of a range back at once. False if that failed. Borrows the descriptor.
bool punch_hole_now(int fd, uint64_t byte_offset, uint64_t byte_length);

}  // namespace vmoffer
