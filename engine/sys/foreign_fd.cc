#include "engine/sys/foreign_fd.h"

#include <unistd.h>

#include "engine/sys/call.h"
#include "engine/sys/expendable_pool.h"

namespace vmoffer {
namespace {

// One close that is held up must not hold up the others. If all threads are held up, descriptors stay open, and no
// other thread waits.
constexpr size_t kMostClosers = 4;

ExpendablePool& closers() {
  static auto* const forever = new ExpendablePool("vmo-closer", kMostClosers);
  return *forever;
}

}  // namespace

ForeignFd ForeignFd::harmless(UniqueFd fd) {
  ForeignFd result(fd.release());
  result.set_harmless();
  return result;
}

UniqueFd ForeignFd::take_verified() {
  is_harmless_ = false;
  return UniqueFd(std::exchange(fd_, -1));
}

void ForeignFd::reset() {
  if (fd_ < 0) return;
  const int fd = std::exchange(fd_, -1);
  if (std::exchange(is_harmless_, false)) {
    const UniqueFd closed_here(fd);
  } else {
    closers().add([fd] { ::close(fd); });
  }
}

Result<ForeignFd> duplicate(const ForeignFd& fd) {
  Result<UniqueFd> copy = duplicate(fd.get());
  if (!copy.is_ok()) return copy.status();
  return fd.is_harmless() ? ForeignFd::harmless(copy.take()) : ForeignFd(copy.value().release());
}

size_t waiting_to_be_closed() { return closers().waiting(); }

}  // namespace vmoffer
