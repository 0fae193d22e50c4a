#include "engine/sys/fault_around.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "engine/base/units.h"
#include "engine/sys/call.h"
#include "engine/sys/page_table.h"

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace vmoffer {
namespace {

constexpr int kThisThread = -10000;  // PIDFD_SELF_THREAD, Linux 6.14

// Several pages with one system call, a fifth of the time of a call for each. No more, because the call holds the lock
// of the address space meanwhile.
class PageList {
 public:
  void add(uint64_t address) {
    if (count_ == pages_.size()) bring();
    pages_[count_++] = {reinterpret_cast<void*>(address), page_bytes()};
  }

  void bring() {
    if (!bring_at_once()) {
      std::for_each_n(pages_.begin(), count_, [](const iovec& page) {
        retry_on_eintr([&] { return ::madvise(page.iov_base, page.iov_len, MADV_POPULATE_READ); });
      });
    }
    count_ = 0;
  }

 private:
  // False where the kernel does not know how, and where it has stopped at a page that is not to be had.
  bool bring_at_once() {
    static std::atomic<bool> is_known = true;
    if (!is_known) return false;
    const long bytes = ::syscall(SYS_process_madvise, kThisThread, pages_.data(), count_, MADV_POPULATE_READ, 0);
    if (bytes < 0 && (errno == EBADF || errno == ENOSYS || errno == EINVAL)) is_known = false;
    return bytes == static_cast<long>(count_ * page_bytes());
  }

  std::array<iovec, 8> pages_;
  size_t count_ = 0;
};

}  // namespace

void install_around(uint64_t address, uint64_t byte_length, Groups groups) {
  const uint64_t end = address + byte_length;
  std::vector<uint64_t> starts;
  for (uint64_t at = address; at < end;) {
    starts.push_back(at);
    // A mapping that begins within a group shifts its first group behind its start, and that one alone.
    at = (at == address ? at : align_down(at, kFaultAroundBytes)) + kFaultAroundBytes;
  }
  // From the end, so that a reader who comes from the start, and brings groups himself, is met in the middle. Side by
  // side the two would hinder each other.
  PageList list;
  uint64_t next = end;
  for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
    list.add(*start);
    if (groups == Groups::kBegun && next - *start > page_bytes()) list.add(next - page_bytes());
    next = *start;
  }
  list.bring();
}

}  // namespace vmoffer
