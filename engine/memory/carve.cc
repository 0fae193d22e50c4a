#include "engine/memory/carve.h"

#include <algorithm>
#include <cstring>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/memory/write_guards.h"

namespace vmoffer {
namespace {

// How long a writer may have to wait: copying this much takes half a millisecond.
constexpr uint64_t kPieceBytes = kStepBytes;

Status copy_bytes(uint64_t from, const MemoryObject& object, uint64_t new_offset, uint64_t byte_length) {
  Result<Mapping> to = Mapping::view(object.fd(), new_offset, byte_length, true);
  if (!to.is_ok()) return to.status();
  // Asked for in advance, memory that is not to be had is an error and not a signal.
  Status status = populate(to.value().address(), byte_length, true);
  if (!status.is_ok()) return status;
  std::memcpy(reinterpret_cast<void*>(to.value().address()), reinterpret_cast<const void*>(from), byte_length);
  return Status();
}

Status copy_run(const MemoryObject& old, MemoryObject::Run run, const MemoryObject& object, uint64_t new_offset) {
  Result<Mapping> from = Mapping::view(old.fd(), run.offset, run.length, false);
  return from.is_ok() ? copy_bytes(from.value().address(), object, new_offset, run.length) : from.status();
}

Status copy_piece(const MemoryObject& old, const MemoryObject::Piece& piece, const MemoryObject& object,
                  uint64_t new_offset) {
  switch (piece.content) {
    case Content::kBytes:
      return copy_run(old, piece, object, new_offset);
    case Content::kZeros:
      return Status();  // a hole there, too
  }
  return Status();
}

// From `range` of the old one to `new_offset` of the new one.
Status copy_pieces(const MemoryObject& old, ByteRange range, const MemoryObject& object, uint64_t new_offset) {
  Status status;
  for (uint64_t at = range.offset; status.is_ok() && at < range.end();) {
    const MemoryObject::Piece piece = old.next_piece(at, range.end());
    status = copy_piece(old, piece, object, new_offset + (at - range.offset));
    at = piece.end();
  }
  return status;
}

class Carving {
 public:
  Carving(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part)
      : extents_(extents), mapping_(mapping), range_(range), object_(part->object()), holding_(std::move(part)) {}

  Status run(Writers writers) {
    Status status = writers == Writers::kHeldUp && mapping_ != nullptr ? take_guard() : Status();
    for (const Extent& part : extents_.pieces(range_)) {
      for (uint64_t at = part.range.offset; status.is_ok() && at < part.range.end(); at += kPieceBytes) {
        status = carry(part, {at, std::min(kPieceBytes, part.range.end() - at)});
      }
      if (status.is_ok()) record(part, part.range);
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

  Status carry(const Extent& part, ByteRange piece) {
    const std::shared_ptr<MemoryObject> old = part.holding->object();
    // A private mapping of an object goes on showing it, with what was written into it here.
    const bool stays = old != nullptr && (part.rights & kWrite) == 0;
    Status status = stays ? copy(part, piece) : move(part, piece);
    if (!status.is_ok()) return status;
    record(part, piece);
    if (old != nullptr && !stays) old->punch_hole(offset_in_old(part, piece.offset), piece.length);
    return Status();
  }

  void record(const Extent& part, ByteRange carried) {
    extents_.replace({carried, holding_, carried.offset - range_.offset, part.rights});
  }

  Status move(const Extent& part, ByteRange piece) const {
    if (mapping_ == nullptr) return copy(part, piece);
    const uint64_t address = extents_.address() + piece.offset;
    Status status = guard_ != nullptr ? guard_->hold(address, piece.length) : Status();
    if (!status.is_ok()) return status;
    status = copy(part, piece);
    if (status.is_ok()) status = put_in_place(part, piece);
    if (guard_ != nullptr) guard_->lift(address, piece.length);
    return status;
  }

  Status copy(const Extent& part, ByteRange piece) const {
    if (part.holding->object() == nullptr) return copy_private(piece);
    return copy_pieces(*part.holding->object(), {offset_in_old(part, piece.offset), piece.length}, *object_,
                       piece.offset - range_.offset);
  }

  // Memory without an object is nowhere but in the region's own range. REQUIRES: mapping_ is there.
  Status copy_private(ByteRange piece) const {
    checkpoint("carve.private");
    return copy_bytes(extents_.address() + piece.offset, *object_, piece.offset - range_.offset, piece.length);
  }

  Status put_in_place(const Extent& part, ByteRange piece) const {
    const Sharing sharing = (part.rights & kWrite) ? Sharing::kShared : Sharing::kPrivate;
    const Protection protection{.write = true, .execute = (part.rights & kExecute) != 0};
    return mapping_->put_object(object_->fd(),
                                {piece.offset, piece.length, piece.offset - range_.offset, sharing, protection});
  }

  static uint64_t offset_in_old(const Extent& part, uint64_t offset) {
    return part.object_offset + (offset - part.range.offset);
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
  for (uint64_t at = 0; at < object.byte_length(); at += kPieceBytes) {
    const ByteRange piece{at, std::min(kPieceBytes, object.byte_length() - at)};
    Status status = copy_pieces(object, piece, made, at);
    if (!status.is_ok()) return status;
  }
  return copy;
}

Status carve(Extents& extents, Mapping* mapping, ByteRange range, std::shared_ptr<Holding> part, Writers writers) {
  return Carving(extents, mapping, range, std::move(part)).run(writers);
}

}  // namespace vmoffer
