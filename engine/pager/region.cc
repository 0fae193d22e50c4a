#include "engine/pager/region.h"

#include <utility>

#include "engine/pager/huge_pages.h"
#include "engine/pager/region_map.h"

namespace vmoffer {
namespace {

Protection protection_for(Rights rights) {
  // Without W the mapping is private: its writes stay in this process, so there is no need to forbid them.
  return {.write = true, .execute = (rights & kExecute) != 0};
}

}  // namespace

Region::Region(Mapping mapping, std::shared_ptr<Holding> holding, Rights rights, PageKind page_kind)
    : address_(mapping.address()),
      byte_length_(mapping.byte_length()),
      page_kind_(page_kind),
      rights_(rights),
      mapping_(std::move(mapping)),
      holding_(std::move(holding)) {}

Result<std::shared_ptr<Region>> Region::allocate(uint64_t byte_length, bool executable, bool huge_pages) {
  const Rights rights = kRead | kWrite | (executable ? kExecute : 0);
  Result<BackedMapping> backed = map_new_object(byte_length, protection_for(rights), huge_pages);
  if (!backed.is_ok()) return backed.status();
  BackedMapping got = backed.take();
  auto holding = std::make_shared<Holding>(std::move(got.object));
  return std::make_shared<Region>(std::move(got.mapping), std::move(holding), rights, got.page_kind);
}

Result<std::shared_ptr<Region>> Region::map(std::shared_ptr<Holding> holding, Rights rights, Pager* pager) {
  const MemoryObject& object = *holding->object();
  const Sharing sharing = (rights & kWrite) ? Sharing::kShared : Sharing::kPrivate;
  Result<Mapping> mapping =
      Mapping::of_object(object.fd(), object.byte_length(), sharing, protection_for(rights), object.is_hugetlb());
  if (!mapping.is_ok()) return mapping.status();
  const PageKind kind = object.is_hugetlb() ? PageKind::kHugeTlb : PageKind::kOrdinary;
  auto region = std::make_shared<Region>(mapping.take(), std::move(holding), rights, kind);
  if (pager == nullptr) return region;
  Status status = region->page_by(*pager);
  if (!status.is_ok()) return status;
  return region;
}

Status Region::page_by(Pager& pager) {
  Result<std::shared_ptr<PagedRange>> paged = pager.add(address_, byte_length_, holding_->object());
  if (!paged.is_ok()) return paged.status();
  pager_ = &pager;
  paged_ = paged.take();
  return Status();
}

RegionState Region::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::shared_ptr<Holding> Region::holding() const {
  const std::lock_guard lock(mutex_);
  return holding_;
}

Status Region::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  if (paged_ != nullptr) {
    paged_->prefetch(byte_offset, byte_length);
    return Status();
  }
  const std::lock_guard lock(mutex_);
  if (state_ != RegionState::kLive) return Status();
  return populate(address_ + byte_offset, byte_length, (rights_ & kWrite) != 0);
}

PagingStats Region::stats() const { return paged_ == nullptr ? PagingStats() : paged_->stats(); }

void Region::when_disowned(std::function<void()> tell) {
  const std::lock_guard lock(mutex_);
  tell_disowned_ = std::move(tell);
}

void Region::stop_paging() {
  if (paged_ != nullptr) pager_->remove(paged_);
}

void Region::release(bool keep_addresses) {
  stop_paging();
  const std::lock_guard lock(mutex_);
  if (state_ == RegionState::kReleased) return;
  const RegionState before = std::exchange(state_, RegionState::kReleased);
  if (!keep_addresses) {
    if (map_ != nullptr) map_->remove(*this);
    mapping_.reset();
  } else if (before == RegionState::kLive && !mapping_.replace_with_zeros().is_ok()) {
    return;  // no zeros to be had (the limit of mappings): the bytes stay until the addresses go, still no crash
  }
  holding_.reset();
}

Status Region::disown() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != RegionState::kLive) return Status();
    Status status = mapping_.replace_with_zeros();
    if (!status.is_ok()) return status;
    state_ = RegionState::kDisowned;
    rights_ = 0;
    holding_.reset();
    if (tell_disowned_) tell_disowned_();
  }
  stop_paging();
  return Status();
}

Status Region::drop_write() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != RegionState::kLive || (rights_ & kWrite) == 0) return Status();
    Status status = mapping_.make_private(holding_->object()->fd(), protection_for(rights_));
    if (!status.is_ok()) return status;
    rights_ &= ~kWrite;
  }
  stop_paging();
  return Status();
}

Status Region::drop_execute() {
  const std::lock_guard lock(mutex_);
  if (state_ != RegionState::kLive || (rights_ & kExecute) == 0) return Status();
  Status status = mapping_.forbid_execution();
  if (status.is_ok()) rights_ &= ~kExecute;
  return status;
}

Region::~Region() {
  if (map_ != nullptr) map_->remove(*this);
  stop_paging();
  // Order: the source hears that the memory was let go when it has been.
  mapping_.reset();
  holding_.reset();
}

}  // namespace vmoffer
