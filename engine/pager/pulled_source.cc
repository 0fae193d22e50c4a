#include "engine/pager/pulled_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/units.h"

namespace vmoffer {

Result<std::unique_ptr<PulledSource>> PulledSource::open(std::shared_ptr<MemoryObject> object, bool consume) {
  Result<Mapping> view = Mapping::view(object->fd(), 0, object->byte_length(), /*writable=*/false);
  if (!view.is_ok()) return view.status();
  return std::unique_ptr<PulledSource>(new PulledSource(std::move(object), view.take(), consume));
}

CopyProgress PulledSource::install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                   uint64_t byte_length) {
  const uint64_t end = byte_offset + byte_length;
  const MemoryObject::Run run = object_->next_data(byte_offset, end);
  const uint64_t hole = run.offset - byte_offset;
  if (hole > 0) return userfault.install_zeros(address, hole);
  const bool is_huge = run.length >= kHugePageBytes && is_aligned(address, kHugePageBytes);
  if (is_huge && may_move_) {
    const CopyProgress moved = move_huge_page(userfault, address, byte_offset);
    if (moved.outcome != CopyOutcome::kFailed) return moved;
  }
  return install_data(userfault, address, run);
}

CopyProgress PulledSource::install_data(const UserFault& userfault, uint64_t address, MemoryObject::Run run) {
  const uint64_t source = view_.address() + run.offset;
  // In one call, where the copy would bring its source in page by page.
  [[maybe_unused]] const Status populated = populate(source, run.length, /*write=*/false);
  const CopyProgress progress = userfault.install_copy(address, source, run.length);
  if (progress.bytes > 0) count({run.offset, progress.bytes});
  return progress;
}

// kFailed: copy instead.
CopyProgress PulledSource::move_huge_page(const UserFault& userfault, uint64_t address, uint64_t byte_offset) {
  may_move_ = may_move_ && prepare_staging();
  if (!may_move_) return {};
  std::memcpy(reinterpret_cast<void*>(staging_.address()), reinterpret_cast<const void*>(view_.address() + byte_offset),
              kHugePageBytes);
  const CopyProgress progress = userfault.install_move(address, staging_.address(), kHugePageBytes);
  if (progress.outcome == CopyOutcome::kDone) {
    count({byte_offset, kHugePageBytes});
    return progress;
  }
  if (progress.error_number == EINVAL || progress.error_number == ENOTTY) may_move_ = false;  // this kernel cannot
  // A part may have gone over: those pages are there, and the copy passes them by.
  if (progress.bytes > 0) count({byte_offset, progress.bytes});
  return progress.bytes > 0 ? progress : CopyProgress{};
}

bool PulledSource::prepare_staging() {
  if (staging_.is_mapped()) return true;
  Result<Mapping> staging = Mapping::anonymous(kHugePageBytes, Protection{true, false});
  if (!staging.is_ok()) return false;
  advise_huge_pages(staging.value().address(), kHugePageBytes);
  staging_ = staging.take();
  return true;
}

void PulledSource::count(MemoryObject::Run run) {
  bytes_pulled_ += run.length;
  if (consume_) object_->punch_hole(run.offset, run.length);
}

void PulledSource::copy_to(uint64_t address, uint64_t byte_offset, uint64_t byte_length) {
  const uint64_t end = byte_offset + byte_length;
  for (uint64_t at = byte_offset; at < end;) {
    const uint64_t step_end = std::min(at + kHugePageBytes, end);
    const MemoryObject::Run run = object_->next_data(at, step_end);
    if (run.length > 0) {
      std::memcpy(reinterpret_cast<void*>(address + (run.offset - byte_offset)),
                  reinterpret_cast<const void*>(view_.address() + run.offset), run.length);
      count(run);
    }
    at = run.offset + run.length;
  }
}

}  // namespace vmoffer
