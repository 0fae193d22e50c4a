// Timer: a timerfd, which a thread sets without waking the thread that polls it. Any thread.
#pragma once

#include <chrono>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class Timer {
 public:
  static Result<Timer> open();

  int fd() const { return fd_.get(); }
  // Readable from then on, once. Zero: never.
  void set(std::chrono::microseconds from_now) const;
  // Takes back that it is readable.
  void clear() const;

 private:
  explicit Timer(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace vmoffer
