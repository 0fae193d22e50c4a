#include "engine/sys/stale_fault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/base/units.h"
#include "engine/sys/call.h"
#include "engine/sys/page_table.h"
#include "engine/sys/userfault_abi.h"
#include "engine/sys/userfault_descriptor.h"

namespace vmoffer {
namespace {

void answer_with_zeros(int fd, uint64_t address) {
  uffdio_zeropage request = {};
  request.range = {align_down(address, page_bytes()), page_bytes()};
  // It fails if the page was answered before, if the range has been mapped anew, or while a range is being moved
  // (EAGAIN). The thread that faulted is woken and touches again. Trying again here would never end: the move waits
  // until this thread reads its event.
  if (::ioctl(fd, UFFDIO_ZEROPAGE, &request) != 0) ::ioctl(fd, UFFDIO_WAKE, &request.range);
}

}  // namespace

Result<StaleFault> StaleFault::open() {
  UniqueFd fd = open_userfault(O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (!fd.is_open()) return os_error(errno, "userfaultfd", "this process may not handle page faults");
  uffdio_api api = {};
  api.api = UFFD_API;
  // With this feature a range stays registered when it is moved.
  api.features = UFFD_FEATURE_EVENT_REMAP;
  if (::ioctl(fd.get(), UFFDIO_API, &api) != 0) {
    return os_error(errno, "ioctl(UFFDIO_API)", "this kernel's userfaultfd does not follow ranges that are moved");
  }
  return StaleFault(std::move(fd));
}

Result<Mapping> StaleFault::map(uint64_t byte_length) const {
  Result<Mapping> mapping = Mapping::zeros(byte_length);
  if (!mapping.is_ok()) return mapping;
  uffdio_register request = {};
  request.range = {mapping.value().address(), byte_length};
  request.mode = UFFDIO_REGISTER_MODE_MISSING;
  if (::ioctl(fd_.get(), UFFDIO_REGISTER, &request) == 0) return mapping;
  return os_error(errno, "ioctl(UFFDIO_REGISTER)", "could not register a range for page faults");
}

void StaleFault::answer() const {
  std::array<uffd_msg, 16> messages;
  for (;;) {
    const ssize_t got = retry_on_eintr([&] { return ::read(fd_.get(), messages.data(), sizeof messages); });
    if (got < 0) return;
    const size_t count = static_cast<size_t>(got) / sizeof(uffd_msg);
    for (size_t i = 0; i < count; ++i) {
      // A move needs no answer: the thread that moves waits only until its event has been read.
      if (messages[i].event == UFFD_EVENT_PAGEFAULT) answer_with_zeros(fd_.get(), messages[i].arg.pagefault.address);
    }
  }
}

}  // namespace vmoffer
