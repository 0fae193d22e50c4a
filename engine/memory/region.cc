#include "engine/memory/region.h"

#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/memory/huge_pages.h"
#include "engine/memory/region_map.h"
#include "engine/memory/stale_range.h"
#include "engine/pager/mapped_source.h"
#include "engine/pager/supplied_source.h"

namespace vmoffer {
namespace {

Protection protection_for(Rights rights) {
  // Without W the mapping is private. Writes to it stay in this process and need not be forbidden.
  return {.write = true, .execute = (rights & kExecute) != 0};
}

// The content that the kernel gives a page that is touched where the object has none.
Content content_when_touched(const Extent& piece) {
  const bool has_object = piece.holding != nullptr && piece.holding->object() != nullptr;
  return has_object ? piece.holding->object()->content_of_holes() : Content::kZeros;
}

Status bring_in(uint64_t address, const Extent& piece, bool writable) {
  switch (content_when_touched(piece)) {
    case Content::kBytes:
    case Content::kZeros:
      return populate(address + piece.range.offset, piece.range.length, writable);
  }
  return Status();
}

}  // namespace

Region::Region(Mapping mapping, std::shared_ptr<Holding> holding, Rights rights, PageKind page_kind)
    : address_(mapping.address()),
      byte_length_(mapping.byte_length()),
      page_kind_(page_kind),
      mapping_(std::move(mapping)),
      extents_(std::make_shared<Extents>(address_, byte_length_, std::move(holding), rights)) {}

Result<std::shared_ptr<Region>> Region::allocate(uint64_t byte_length, bool executable, bool huge_pages) {
  const Rights rights = kRead | kWrite | (executable ? kExecute : 0);
  Result<BackedMapping> backed = map_new_object(byte_length, protection_for(rights), huge_pages);
  if (!backed.is_ok()) return backed.status();
  BackedMapping got = backed.take();
  auto holding = std::make_shared<Holding>(std::move(got.object));
  return std::make_shared<Region>(std::move(got.mapping), std::move(holding), rights, got.page_kind);
}

Result<std::shared_ptr<Region>> Region::map(std::shared_ptr<Holding> holding, Rights rights) {
  const MemoryObject& object = *holding->object();
  const Sharing sharing = (rights & kWrite) ? Sharing::kShared : Sharing::kPrivate;
  Result<Mapping> mapping =
      Mapping::of_object(object.fd(), object.byte_length(), sharing, protection_for(rights), object.is_hugetlb());
  if (!mapping.is_ok()) return mapping.status();
  mapping.value().keep_from_children(0, object.byte_length());
  const PageKind kind = page_kind_of(object, mapping.value());
  return std::make_shared<Region>(mapping.take(), std::move(holding), rights, kind);
}

Status Region::page_by(Pager& pager, bool may_leave) {
  const std::shared_ptr<Holding> holding = extents()->exact({0, byte_length_});
  Status status = page_by(pager, std::make_unique<MappedSource>(holding->object()));
  if (status.is_ok() && may_leave && !holding->object()->is_hugetlb()) {
    const bool is_shared = (extents()->rights({0, byte_length_}) & kWrite) != 0;
    paged_->may_be_left_to_kernel(is_shared ? FaultsBring::kGroupsOrPages : FaultsBring::kGroups);
  }
  return status;
}

Status Region::supply_by(std::shared_ptr<SuppliedClaim> claim, Pager* pager) {
  supplied_ = std::move(claim);
  if (pager == nullptr) return Status();
  Status status = page_by(*pager, std::make_unique<SuppliedSource>(supplied_, address_));
  if (status.is_ok()) supplied_->set_pages(paged_);
  return status;
}

Result<std::shared_ptr<Region>> Region::pull(PulledSource::Origin origin, Rights rights,
                                             std::shared_ptr<Holding> holding, Pager* pager) {
  Result<Mapping> mapping = Mapping::anonymous(origin.object->byte_length(), protection_for(rights));
  if (!mapping.is_ok()) return mapping.status();
  Result<std::unique_ptr<PulledSource>> source = PulledSource::open(std::move(origin));
  if (!source.is_ok()) return source.status();
  auto region = std::make_shared<Region>(mapping.take(), std::move(holding), rights, PageKind::kOrdinary);
  if (pager == nullptr) {
    const MutexLock lock(region->mutex_);
    region->still_to_pull_ = source.take();
    return region;
  }
  Status status = region->page_by(*pager, source.take());
  if (!status.is_ok()) return status;
  return region;
}

void Region::expect_touches_from_here() const {
  if (paged_ != nullptr && !paged_->is_left_to_kernel()) pager_->seat().expect_faults_from_here();
}

Status Region::page_by(Pager& pager, std::unique_ptr<PageSource> source) {
  Result<std::shared_ptr<PagedRange>> paged = pager.add(address_, byte_length_, std::move(source));
  if (!paged.is_ok()) return paged.status();
  pager_ = &pager;
  paged_ = paged.take();
  return Status();
}

std::shared_ptr<Extents> Region::extents() const {
  const MutexLock lock(mutex_);
  return extents_;
}

bool Region::is_sealed() const {
  const std::shared_ptr<Extents> extents = this->extents();
  const std::shared_ptr<Holding> holding = extents == nullptr ? nullptr : extents->exact({0, byte_length_});
  return holding != nullptr && holding->object() != nullptr && holding->object()->is_sealed_against_writing();
}

Status Region::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  if (paged_ != nullptr && paged_->prefetch(byte_offset, byte_length)) {
    return supplied_ == nullptr ? Status() : supplied_->lack_in(byte_offset, byte_length);
  }
  const MutexLock lock(mutex_);
  if (state_ != RegionState::kLive) return Status();
  if (still_to_pull_ != nullptr) {
    still_to_pull_->copy_to(address_, 0, byte_length_);
    still_to_pull_.reset();
    return Status();
  }
  const bool writable = (extents_->rights({byte_offset, byte_length}) & kWrite) != 0;
  Status status;
  for (const Extent& piece : extents_->pieces({byte_offset, byte_length})) {
    if (status.is_ok()) status = bring_in(address_, piece, writable);
  }
  return status;
}

PagingStats Region::stats() const { return paged_ == nullptr ? PagingStats() : paged_->stats(); }

void Region::when_disowned(std::function<void()> tell) {
  const MutexLock lock(mutex_);
  tell_disowned_ = std::move(tell);
}

void Region::hold_while_held(std::shared_ptr<void> token) {
  const MutexLock lock(mutex_);
  token_ = std::move(token);
}

// Gives an object to memory that has none: without one it would end with the region, and stakes outlive the region.
void Region::save_for_stakes() {
  for (const Extent& piece : extents_->pieces({0, byte_length_})) {
    const bool is_private_memory = piece.holding != nullptr && piece.holding->object() == nullptr;
    if (!is_private_memory) continue;
    Result<std::shared_ptr<Holding>> part = new_part(piece.range.length);
    const bool is_saved =
        part.is_ok() && vmoffer::carve(*extents_, &mapping_, piece.range, part.take(), Writers::kStill).is_ok();
    if (!is_saved) extents_->set_gone(piece.range);
  }
}

void Region::finish_paging() {
  if (paged_ == nullptr) return;
  paged_->complete();
  pager_->remove(paged_);
}

void Region::stop_paging() {
  if (paged_ != nullptr) pager_->remove(paged_);
}

void Region::release(bool keep_addresses) {
  if (close_to_stakes()) finish_paging();
  checkpoint("region.releasing");
  if (paged_ != nullptr) paged_->stop();
  if (supplied_ != nullptr) cover_supplied();
  if (!keep_addresses) stop_paging();
  give_back(keep_addresses);
  stop_paging();
  end_supply();
}

// A thread that waits for a page must not find the object there when it is woken: a hole that the kernel fills has
// zeros for every process that has the object.
void Region::cover_supplied() {
  const MutexLock lock(mutex_);
  if (state_ != RegionState::kLive || !mapping_.is_mapped()) return;
  if (!replace({0, byte_length_}).is_ok()) forbid_access(address_, byte_length_);
}

// After the memory is unmapped: the source hears of it.
void Region::end_supply() {
  if (supplied_ != nullptr) supplied_->end();
}

bool Region::close_to_stakes() {
  const std::shared_ptr<Extents> extents = this->extents();
  return extents != nullptr && extents->close_to_stakes();
}

void Region::give_back(bool keep_addresses) {
  const MutexLock lock(mutex_);
  if (state_.exchange(RegionState::kReleased) == RegionState::kReleased) return;
  token_.reset();
  const bool has_stakes = extents_->has_stakes();
  if (has_stakes) save_for_stakes();
  extents_->set_left();
  if (!keep_addresses && !has_stakes) {
    if (map_ != nullptr) map_->remove(*this);
    mapping_.reset();
  } else if (!replace({0, byte_length_}).is_ok()) {
    return;  // at the limit of mappings: the bytes stay until the addresses go, and a stale pointer still does no harm
  }
  left_ = extents_;
  extents_.reset();
}

// At any moment an access finds the bytes or the empty range, and never the kernel's zeros for a page that the pager
// has not brought in yet.
Status Region::replace(ByteRange range) {
  Status status = put_stale(mapping_, range.offset, range.length);
  const bool is_whole = range.length == byte_length_;
  if (status.is_ok() && is_whole && paged_ != nullptr) paged_->set_replaced();
  return status;
}

Status Region::carve(ByteRange range, std::shared_ptr<Holding> part, Writers writers) {
  finish_paging();  // a range can have one userfaultfd only
  const MutexLock lock(mutex_);
  if (state_ != RegionState::kLive) return Status(Code::kNotOwned, "the region has just been released or disowned");
  return vmoffer::carve(*extents_, &mapping_, range, std::move(part), writers);
}

Status Region::disown(ByteRange range) {
  if (paged_ != nullptr) paged_->stop();
  Status status = take_out(range);
  stop_paging();
  return status;
}

Status Region::take_out(ByteRange range) {
  const MutexLock lock(mutex_);
  if (state_ != RegionState::kLive) return Status();
  Status status = replace(range);
  if (!status.is_ok()) return status;
  extents_->set_gone(range);
  if (extents_->is_wholly_gone()) {
    state_ = RegionState::kDisowned;
    token_.reset();
    if (tell_disowned_) tell_disowned_();
  }
  return status;
}

Status Region::drop_write(ByteRange range) {
  {
    const MutexLock lock(mutex_);
    if (state_ != RegionState::kLive) return Status();
    for (const Extent& piece : extents_->pieces(range)) {
      if ((piece.rights & kWrite) == 0) continue;
      const MemoryObject& object = *piece.holding->object();
      const Mapping::Slice slice{piece.range.offset, piece.range.length,           piece.object_offset,
                                 Sharing::kPrivate,  protection_for(piece.rights), object.is_hugetlb()};
      Status status = mapping_.put_object(object.fd(), slice);
      if (!status.is_ok()) return status;
      extents_->drop(piece.range, kWrite);
    }
  }
  stop_paging();
  return Status();
}

Status Region::drop_execute(ByteRange range) {
  const MutexLock lock(mutex_);
  if (state_ != RegionState::kLive) return Status();
  for (const Extent& piece : extents_->pieces(range)) {
    if ((piece.rights & kExecute) == 0) continue;
    Status status = mapping_.forbid_execution(piece.range.offset, piece.range.length);
    if (!status.is_ok()) return status;
    extents_->drop(piece.range, kExecute);
  }
  return Status();
}

Region::~Region() {
  if (map_ != nullptr) map_->remove(*this);
  checkpoint("region.ending");
  const bool is_to_be_saved = close_to_stakes();
  if (is_to_be_saved) finish_paging();
  if (supplied_ != nullptr) {
    if (paged_ != nullptr) paged_->stop();
    cover_supplied();
  }
  stop_paging();
  if (is_to_be_saved) save_for_stakes();
  const std::shared_ptr<Extents> extents = extents_ != nullptr ? std::move(extents_) : left_.lock();
  if (extents != nullptr) extents->set_left();
  if (extents != nullptr && extents->has_stakes() && mapping_.is_mapped() &&
      mapping_.put_zeros(0, byte_length_).is_ok()) {
    extents->keep_addresses(std::move(mapping_));
  }
  // Before the extents go: the source must learn of the release only after the memory is unmapped.
  mapping_.reset();
  end_supply();
}

}  // namespace vmoffer
