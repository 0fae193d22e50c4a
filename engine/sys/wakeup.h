// Wakeup: an eventfd by which any thread wakes the thread that polls it. Also the waits of threads without an event
// loop.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class Wakeup {
 public:
  static Result<Wakeup> open();

  int fd() const { return fd_.get(); }
  void signal() const;
  // Takes back every signal so far.
  void clear() const;

 private:
  explicit Wakeup(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Waits until a descriptor is readable (fd < 0: just waits). False if the time is up.
bool wait_readable(int fd, int64_t timeout_ms);

}  // namespace vmoffer
