// Region: a page-aligned range mapped in this process that the library manages, allocated here or received by a claim.
//
// Shared by whoever may still look at its bytes: the JavaScript object, each ArrayBuffer over it. The last of them
// gives the addresses back; release() gives the memory back before that. Any thread may call any method.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/base/rights.h"
#include "engine/pager/page_kind.h"
#include "engine/pager/pager.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

class RegionMap;

enum class Paging : uint8_t { kUserFault, kKernel, kEager };

class Region {
 public:
  // Makes a memory object and maps it. REQUIRES: byte_length > 0, whole pages.
  static Result<std::shared_ptr<Region>> allocate(uint64_t byte_length, bool executable, bool huge_pages);

  // Maps a whole received object as `rights` say: shared when they hold W, private otherwise. Nothing is installed.
  // `pager` answers the faults; null leaves them to the kernel. REQUIRES: pager outlives the region.
  static Result<std::shared_ptr<Region>> map(std::shared_ptr<MemoryObject> object, Rights rights, Pager* pager);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  Rights rights() const { return rights_; }
  PageKind page_kind() const { return page_kind_; }
  const std::shared_ptr<MemoryObject>& object() const { return object_; }
  bool is_paged() const { return paged_ != nullptr; }
  bool is_released() const;

  // Installs pages now. For a kernel-paged region, too.
  Status prefetch(uint64_t byte_offset, uint64_t byte_length);
  PagingStats stats() const;

  // What stands for the claim at its source; closed when the memory is let go. Takes ownership.
  void attach_lease(UniqueFd lease);
  // From here on the region takes itself out of the map when its memory goes. Borrows the map. Called once, before the
  // region is shared.
  void attach_map(RegionMap& map) { map_ = &map; }

  // Gives the memory back. With `keep_addresses` the range reads as zeros from then on and its addresses stay taken
  // until the region is destroyed, so that whoever still holds a pointer harms nobody. Idempotent.
  void release(bool keep_addresses);

  ~Region();
  Region(Mapping mapping, std::shared_ptr<MemoryObject> object, Rights rights, PageKind page_kind);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  Status page_by(Pager& pager);
  // What must be over before the addresses may become somebody else's.
  void withdraw();

  const uint64_t address_;
  const uint64_t byte_length_;
  const Rights rights_;
  const PageKind page_kind_;
  const std::shared_ptr<MemoryObject> object_;
  // Set before the region is shared:
  Pager* pager_ = nullptr;
  std::shared_ptr<PagedRange> paged_;
  RegionMap* map_ = nullptr;

  mutable std::mutex mutex_;  // guards all below
  Mapping mapping_;
  UniqueFd lease_;
  bool is_released_ = false;
};

}  // namespace vmoffer
