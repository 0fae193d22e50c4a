#include "engine/memory/extents.h"

#include <algorithm>
#include <iterator>

#include "engine/base/checkpoint.h"

namespace vmoffer {
namespace {

Extent cut(const Extent& extent, ByteRange range) {
  const uint64_t first = std::max(extent.range.offset, range.offset);
  const uint64_t end = std::min(extent.range.end(), range.end());
  Extent part = extent;
  part.range = {first, end - first};
  part.object_offset += first - extent.range.offset;
  return part;
}

}  // namespace

Extents::Extents(uint64_t address, uint64_t byte_length, std::shared_ptr<Holding> holding, Rights rights)
    : address_(address), byte_length_(byte_length) {
  extents_.emplace(0, Extent{{0, byte_length}, std::move(holding), 0, rights});
}

Extents::Map::const_iterator Extents::at(uint64_t offset) const { return std::prev(extents_.upper_bound(offset)); }

void Extents::split(uint64_t offset) {
  if (offset >= byte_length_) return;
  const Extent whole = at(offset)->second;
  if (whole.range.offset == offset) return;
  extents_[whole.range.offset] = cut(whole, {whole.range.offset, offset - whole.range.offset});
  extents_[offset] = cut(whole, {offset, whole.range.end() - offset});
}

void Extents::put(const Extent& extent) {
  split(extent.range.offset);
  split(extent.range.end());
  const auto first = extents_.lower_bound(extent.range.offset);
  const auto end = extents_.lower_bound(extent.range.end());
  for (auto old = first; old != end; ++old) {
    if (old->second.holding == nullptr) bytes_gone_ -= old->second.range.length;
  }
  extents_.erase(first, end);
  if (extent.holding == nullptr) bytes_gone_ += extent.range.length;
  extents_.emplace(extent.range.offset, extent);
}

Rights Extents::rights(ByteRange range) const {
  Rights rights = kAllRights;
  for (const Extent& piece : pieces(range)) rights &= piece.rights;
  return rights;
}

std::shared_ptr<Holding> Extents::exact(ByteRange range) const {
  const std::vector<Extent> found = pieces(range);
  std::shared_ptr<Holding> holding = found.front().holding;
  if (holding == nullptr || holding->object() == nullptr) return nullptr;
  if (holding->object()->byte_length() != range.length) return nullptr;
  for (const Extent& piece : found) {
    if (piece.holding != holding || piece.object_offset != piece.range.offset - range.offset) return nullptr;
  }
  return holding;
}

std::vector<Extent> Extents::pieces(ByteRange range) const {
  const MutexLock lock(mutex_);
  std::vector<Extent> found;
  for (auto next = at(range.offset); next != extents_.end() && next->first < range.end(); ++next) {
    found.push_back(cut(next->second, range));
  }
  return found;
}

bool Extents::is_wholly_gone() const {
  const MutexLock lock(mutex_);
  return bytes_gone_ == byte_length_;
}

bool Extents::close_to_stakes() {
  const MutexLock lock(mutex_);
  is_closed_to_stakes_ = true;
  return stakes_ > 0;
}

bool Extents::has_stakes() const {
  const MutexLock lock(mutex_);
  return stakes_ > 0;
}

void Extents::set_left() {
  const MutexLock lock(mutex_);
  is_left_ = true;
  left_.notify_all();
}

void Extents::await_left() {
  checkpoint("extents.awaited");
  const MutexLock lock(mutex_);
  while (!is_left_) left_.wait(mutex_);
}

bool Extents::admit_stake() {
  const MutexLock lock(mutex_);
  if (is_closed_to_stakes_) return false;
  ++stakes_;
  return true;
}

void Extents::add_stake() {
  const MutexLock lock(mutex_);
  ++stakes_;
}

void Extents::remove_stake() {
  const MutexLock lock(mutex_);
  --stakes_;
}

void Extents::keep_addresses(Mapping addresses) {
  const MutexLock lock(mutex_);
  addresses_ = std::move(addresses);
}

void Extents::replace(const Extent& extent) {
  const MutexLock lock(mutex_);
  put(extent);
}

void Extents::exchange(ByteRange range, const Holding& old, const std::shared_ptr<Holding>& copy) {
  const MutexLock lock(mutex_);
  split(range.offset);
  split(range.end());
  const auto end = extents_.lower_bound(range.end());
  for (auto extent = extents_.lower_bound(range.offset); extent != end; ++extent) {
    if (extent->second.holding.get() == &old) extent->second.holding = copy;
  }
}

void Extents::drop(ByteRange range, Rights dropped) {
  for (Extent& piece : pieces(range)) {
    piece.rights &= ~dropped;
    replace(piece);
  }
}

void Extents::set_gone(ByteRange range) { replace({range, nullptr, 0, 0}); }

}  // namespace vmoffer
