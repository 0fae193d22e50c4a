#include "engine/memory/carve.h"

#include <algorithm>
#include <cstring>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/memory/write_guards.h"

namespace vmoffer {
namespace {

Status copy_bytes(uint64_t from, const MemoryObject& object, uint64_t new_offset, uint64_t byte_length) {
  Result<Mapping> to = Mapping::view(object.fd(), new_offset, byte_length, true);
  if (!to.is_ok()) return to.status();
  // If memory is short, this fails with an error. Without it the copy below would get a signal.
  Status status = populate(to.value().address(), byte_length, true);
  if (!status.is_ok()) return status;
  std::memcpy(reinterpret_cast<void*>(to.value().address()), reinterpret_cast<const void*>(from), byte_length);
  return Status();
}

Status copy_run(const MemoryObject& old, MemoryObject::Run run, const MemoryObject& object, uint64_t new_offset) {
  Result<Mapping> from = Mapping::view(old.fd(), run.offset, run.length, false);
  return from.is_ok() ? copy_bytes(from.value().address(), object, new_offset, run.length) : from.status();
}

Status copy_content(const MemoryObject& old, const MemoryObject::ContentRun& run, const MemoryObject& object,
                    uint64_t new_offset) {
  switch (run.content) {
    case Content::kBytes:
      return copy_run(old, run, object, new_offset);
    case Content::kZeros:
      return Status();  // a hole there, too
  }
  return Status();
}

// Copies `range` of `old` to `new_offset` of `object`.
Status copy_contents(const MemoryObject& old, ByteRange range, const MemoryObject& object, uint64_t new_offset) {
  Status status;
  for (uint64_t at = range.offset; status.is_ok() && at < range.end();) {
    const MemoryObject::ContentRun run = old.next_run(at, range.end());
    status = copy_content(old, run, object, new_offset + (at - range.offset));
    at = run.end();
  }
  return status;
}

class Carving {
 public:
  Carving(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part)
      : extents_(extents), mapping_(mapping), range_(range), object_(part->object()), holding_(std::move(part)) {}

  Status run(Writers writers) {
    Status status = writers == Writers::kHeldUp && mapping_ != nullptr ? take_guard() : Status();
    for (const Extent& extent : extents_.pieces(range_)) {
      for (uint64_t at = extent.range.offset; status.is_ok() && at < extent.range.end(); at += kStepBytes) {
        status = carry(extent, {at, std::min(kStepBytes, extent.range.end() - at)});
      }
      if (status.is_ok()) record(extent, extent.range);
    }
    return status;
  }

 private:
  Status take_guard() {
    Result<const WriteGuard*> guard = write_guard();
    if (!guard.is_ok()) return guard.status();
    guard_ = guard.value();
    return Status();
  }

  Status carry(const Extent& extent, ByteRange step) {
    const std::shared_ptr<MemoryObject> old = extent.holding->object();
    // A private mapping keeps showing the old object, with the pages that this process has written to.
    const bool stays = old != nullptr && (extent.rights & kWrite) == 0;
    Status status = stays ? copy(extent, step) : move(extent, step);
    if (!status.is_ok()) return status;
    record(extent, step);
    if (old != nullptr && !stays) old->punch_hole(offset_in_old(extent, step.offset), step.length);
    return Status();
  }

  void record(const Extent& extent, ByteRange carried) {
    extents_.replace({carried, holding_, carried.offset - range_.offset, extent.rights});
  }

  Status move(const Extent& extent, ByteRange step) const {
    if (mapping_ == nullptr) return copy(extent, step);
    const uint64_t address = extents_.address() + step.offset;
    Status status = guard_ != nullptr ? guard_->hold(address, step.length) : Status();
    if (!status.is_ok()) return status;
    status = copy(extent, step);
    if (status.is_ok()) status = put_in_place(extent, step);
    if (guard_ != nullptr) guard_->lift(address, step.length);
    return status;
  }

  Status copy(const Extent& extent, ByteRange step) const {
    if (extent.holding->object() == nullptr) return copy_private(step);
    return copy_contents(*extent.holding->object(), {offset_in_old(extent, step.offset), step.length}, *object_,
                         step.offset - range_.offset);
  }

  // Memory without an object exists only in the region's own range. REQUIRES: mapping_ is not null.
  Status copy_private(ByteRange step) const {
    checkpoint("carve.private");
    return copy_bytes(extents_.address() + step.offset, *object_, step.offset - range_.offset, step.length);
  }

  Status put_in_place(const Extent& extent, ByteRange step) const {
    const Sharing sharing = (extent.rights & kWrite) ? Sharing::kShared : Sharing::kPrivate;
    const Protection protection{.write = true, .execute = (extent.rights & kExecute) != 0};
    return mapping_->put_object(object_->fd(),
                                {step.offset, step.length, step.offset - range_.offset, sharing, protection});
  }

  static uint64_t offset_in_old(const Extent& extent, uint64_t offset) {
    return extent.object_offset + (offset - extent.range.offset);
  }

  Extents& extents_;
  Mapping* const mapping_;
  const ByteRange range_;
  const std::shared_ptr<MemoryObject> object_;
  const std::shared_ptr<Holding> holding_;
  const WriteGuard* guard_ = nullptr;
};

}  // namespace

Result<std::shared_ptr<Holding>> new_part(uint64_t byte_length) {
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(byte_length, /*hugetlb=*/false);
  if (!object.is_ok()) return object.status();
  return std::make_shared<Holding>(object.take());
}

Result<std::shared_ptr<Holding>> copy_whole(const MemoryObject& object) {
  Result<std::shared_ptr<Holding>> copy = new_part(object.byte_length());
  if (!copy.is_ok()) return copy.status();
  const MemoryObject& made = *copy.value()->object();
  for (uint64_t at = 0; at < object.byte_length(); at += kStepBytes) {
    const ByteRange step{at, std::min(kStepBytes, object.byte_length() - at)};
    Status status = copy_contents(object, step, made, at);
    if (!status.is_ok()) return status;
  }
  return copy;
}

Status carve(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part, Writers writers) {
  return Carving(extents, mapping, range, std::move(part)).run(writers);
}

}  // namespace vmoffer
