#include "engine/sys/supply_window.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine/sys/call.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

Status overwrite(int fd, uint64_t byte_offset, const char* bytes, uint64_t byte_length) {
  while (byte_length > 0) {
    const ssize_t written =
        retry_on_eintr([&] { return ::pwrite(fd, bytes, byte_length, static_cast<off_t>(byte_offset)); });
    if (written <= 0)
      return os_error(errno, "pwrite", "could not overwrite what somebody has put into supplied memory");
    byte_offset += static_cast<uint64_t>(written);
    bytes += written;
    byte_length -= static_cast<uint64_t>(written);
  }
  return Status();
}

}  // namespace

Result<SupplyWindow> SupplyWindow::open(std::shared_ptr<MemoryObject> object) {
  Result<UserFault> userfault = UserFault::open(UserFault::Reach::kUserOnly);
  if (!userfault.is_ok()) return userfault.status();
  Result<Mapping> mapping = Mapping::untouchable(object->fd(), object->byte_length());
  if (!mapping.is_ok()) return mapping.status();
  const Mapping& window = mapping.value();
  const Status added = userfault.value().add_range(window.address(), window.byte_length(), UserFault::Kind::kMapped);
  if (!added.is_ok()) return added;
  return SupplyWindow(std::move(object), userfault.take(), mapping.take());
}

Status SupplyWindow::place(uint64_t byte_offset, const void* bytes, uint64_t byte_length) const {
  const char* const from = static_cast<const char*>(bytes);
  for (uint64_t done = 0; done < byte_length;) {
    const Result<uint64_t> placed = place_some(byte_offset + done, from + done, byte_length - done);
    if (!placed.is_ok()) return placed.status();
    done += placed.value();
  }
  return Status();
}

// Returns how many bytes it has placed, counted from the first.
Result<uint64_t> SupplyWindow::place_some(uint64_t byte_offset, const char* bytes, uint64_t byte_length) const {
  const auto source = reinterpret_cast<uint64_t>(bytes);
  const CopyProgress progress = userfault_.install_copy(mapping_.address() + byte_offset, source, byte_length);
  switch (progress.outcome) {
    case CopyOutcome::kDone:
    case CopyOutcome::kPartial:
    case CopyOutcome::kRetry:
      return progress.bytes;
    case CopyOutcome::kAlreadyThere: {
      const Status overwritten = overwrite(object_->fd(), byte_offset, bytes, page_bytes());
      return overwritten.is_ok() ? Result<uint64_t>(page_bytes()) : Result<uint64_t>(overwritten);
    }
    case CopyOutcome::kHole:
    case CopyOutcome::kGone:
    case CopyOutcome::kFailed:
      break;
  }
  return os_error(progress.error_number, "ioctl(UFFDIO_COPY)", "could not put a page into supplied memory");
}

Status SupplyWindow::drop(uint64_t byte_offset, uint64_t byte_length) const {
  if (object_->punch_hole(byte_offset, byte_length)) return Status();
  return Status(Code::kUnsupported, "could not drop pages of supplied memory: the kernel punches no hole there");
}

}  // namespace vmoffer
