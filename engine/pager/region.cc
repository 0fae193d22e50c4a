#include "engine/pager/region.h"

#include "engine/base/units.h"
#include "engine/pager/huge_pages.h"
#include "engine/pager/region_map.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

Protection protection_for(Rights rights) {
  // Without W the mapping is private: its writes stay in this process, so there is no need to forbid them.
  return {.write = true, .execute = (rights & kExecute) != 0};
}

}  // namespace

Region::Region(Mapping mapping, std::shared_ptr<MemoryObject> object, Rights rights, PageKind page_kind)
    : address_(mapping.address()),
      byte_length_(mapping.byte_length()),
      rights_(rights),
      page_kind_(page_kind),
      object_(std::move(object)),
      mapping_(std::move(mapping)) {}

Result<std::shared_ptr<Region>> Region::allocate(uint64_t byte_length, bool executable, bool huge_pages) {
  const Rights rights = kRead | kWrite | (executable ? kExecute : 0);
  Result<BackedMapping> backed = map_new_object(byte_length, protection_for(rights), huge_pages);
  if (!backed.is_ok()) return backed.status();
  BackedMapping got = backed.take();
  return std::make_shared<Region>(std::move(got.mapping), std::move(got.object), rights, got.page_kind);
}

Result<std::shared_ptr<Region>> Region::map(std::shared_ptr<MemoryObject> object, Rights rights, Pager* pager) {
  const Sharing sharing = (rights & kWrite) ? Sharing::kShared : Sharing::kPrivate;
  Result<Mapping> mapping =
      Mapping::of_object(object->fd(), object->byte_length(), sharing, protection_for(rights), object->is_hugetlb());
  if (!mapping.is_ok()) return mapping.status();
  const PageKind kind = object->is_hugetlb() ? PageKind::kHugeTlb : PageKind::kOrdinary;
  auto region = std::make_shared<Region>(mapping.take(), std::move(object), rights, kind);
  if (pager == nullptr) return region;
  Status status = region->page_by(*pager);
  if (!status.is_ok()) return status;
  return region;
}

Status Region::page_by(Pager& pager) {
  Result<std::shared_ptr<PagedRange>> paged = pager.add(address_, byte_length_, object_);
  if (!paged.is_ok()) return paged.status();
  pager_ = &pager;
  paged_ = paged.take();
  return Status();
}

bool Region::is_released() const {
  const std::lock_guard lock(mutex_);
  return is_released_;
}

Status Region::prefetch(uint64_t byte_offset, uint64_t byte_length) {
  if (paged_ != nullptr) {
    paged_->prefetch(byte_offset, byte_length);
    return Status();
  }
  const std::lock_guard lock(mutex_);
  if (is_released_) return Status();
  return populate(address_ + byte_offset, byte_length, (rights_ & kWrite) != 0);
}

PagingStats Region::stats() const { return paged_ == nullptr ? PagingStats() : paged_->stats(); }

void Region::attach_lease(UniqueFd lease) {
  const std::lock_guard lock(mutex_);
  lease_ = std::move(lease);
}

void Region::withdraw() {
  if (map_ != nullptr) map_->remove(*this);
  if (paged_ != nullptr) pager_->remove(paged_);
}

void Region::release(bool keep_addresses) {
  withdraw();
  const std::lock_guard lock(mutex_);
  if (is_released_) return;
  is_released_ = true;
  // Zeros that cannot be had (the limit of mappings) leave the old bytes there until the addresses go: still no crash.
  if (!keep_addresses) {
    mapping_.reset();
  } else if (!mapping_.replace_with_zeros().is_ok()) {
    return;
  }
  lease_.reset();
}

Region::~Region() {
  withdraw();
  // Order: the source hears that the memory was let go when it has been.
  mapping_.reset();
  lease_.reset();
}

}  // namespace vmoffer
