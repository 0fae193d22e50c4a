#include "engine/sys/userfault_descriptor.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engine/sys/userfault_abi.h"

namespace vmoffer {
namespace {

UniqueFd open_by_device(int flags) {
  const UniqueFd device(::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
  return UniqueFd(device.is_open() ? ::ioctl(device.get(), USERFAULTFD_IOC_NEW, flags) : -1);
}

}  // namespace

UniqueFd open_userfault(int flags) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_userfaultfd, flags)));
  // If the kernel lacks the call or does not know the flags, the device would not help.
  if (fd.is_open() || errno == ENOSYS || errno == EINVAL) return fd;
  const int refusal = errno;
  UniqueFd by_device = open_by_device(flags);
  errno = refusal;
  return by_device;
}

}  // namespace vmoffer
