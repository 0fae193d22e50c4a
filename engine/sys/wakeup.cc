#include "engine/sys/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "engine/sys/call.h"

namespace vmoffer {

Result<Wakeup> Wakeup::open() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.is_open()) return os_error(errno, "eventfd", "could not make a wake-up descriptor");
  return Wakeup(std::move(fd));
}

void Wakeup::signal() const {
  const uint64_t one = 1;
  // EAGAIN means that the counter is full, and then the sleeper is being woken anyway.
  [[maybe_unused]] const ssize_t written = retry_on_eintr([&] { return ::write(fd_.get(), &one, sizeof one); });
}

void Wakeup::clear() const {
  uint64_t count;
  [[maybe_unused]] const ssize_t got = retry_on_eintr([&] { return ::read(fd_.get(), &count, sizeof count); });
}

bool wait_readable(int fd, int64_t timeout_ms) {
  pollfd entry = {fd, POLLIN, 0};
  const auto timeout = static_cast<int>(std::clamp<int64_t>(timeout_ms, 0, 1 << 30));
  return ::poll(&entry, 1, timeout) > 0;
}

}  // namespace vmoffer
