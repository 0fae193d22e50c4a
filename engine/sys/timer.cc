#include "engine/sys/timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>

#include "engine/sys/call.h"

namespace vmoffer {

Result<Timer> Timer::open() {
  UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.is_open()) return os_error(errno, "timerfd_create", "could not make a timer");
  return Timer(std::move(fd));
}

void Timer::set(std::chrono::microseconds from_now) const {
  itimerspec when = {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(from_now);
  when.it_value = {seconds.count(), std::chrono::nanoseconds(from_now - seconds).count()};
  ::timerfd_settime(fd_.get(), 0, &when, nullptr);
}

void Timer::clear() const {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = retry_on_eintr([&] { return ::read(fd_.get(), &count, sizeof count); });
}

}  // namespace vmoffer
