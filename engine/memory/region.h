// Region: a page-aligned range mapped in this process that the library manages, allocated here or received by a claim.
//
// Everything that may still look at its bytes shares it: the JavaScript object, and each ArrayBuffer over it. The last
// of them gives the addresses back; release() and disown() give the memory back before that. Any thread may call any
// method.
//
//     live ──release()──▶ released      this process no longer has the memory, because the program gave it back
//          ──disown()───▶ disowned      … because another process owns it now
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/base/paging.h"
#include "engine/base/rights.h"
#include "engine/memory/carve.h"
#include "engine/memory/extents.h"
#include "engine/memory/page_kind.h"
#include "engine/memory/stake.h"
#include "engine/pager/pager.h"
#include "engine/pager/pulled_source.h"
#include "engine/supply/supplied_claim.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

class RegionMap;

enum class RegionState : uint8_t { kLive, kReleased, kDisowned };

class Region {
 public:
  // Makes a memory object and maps it. REQUIRES: byte_length > 0, whole pages.
  static Result<std::shared_ptr<Region>> allocate(uint64_t byte_length, bool executable, bool huge_pages);

  // Maps a whole received object as `rights` say: shared when they hold W, private otherwise. Nothing is installed.
  static Result<std::shared_ptr<Region>> map(std::shared_ptr<Holding> holding, Rights rights);
  // From now on the pager answers faults on the mapping, and not the kernel. Called at most once, before the region is
  // shared. REQUIRES: the pager outlives the region.
  // `may_leave`: where the kernel is cheaper, the pager leaves the range to it.
  Status page_by(Pager& pager, bool may_leave);

  // From now on what it says is there is installed when it is touched, by the pager. Without one, the memory is not to
  // be touched before all of it has been pinned. Once, before the region is shared.
  Status supply_by(std::shared_ptr<SuppliedClaim> claim, Pager* pager);
  // Null unless it is supplied memory that this process has claimed.
  const std::shared_ptr<SuppliedClaim>& supplied() const { return supplied_; }

  // Private memory. Copies of the object's pages fill it when they are touched; if `pager` is null, prefetch() copies
  // all of them.
  static Result<std::shared_ptr<Region>> pull(PulledSource::Origin origin, Rights rights,
                                              std::shared_ptr<Holding> holding, Pager* pager);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  PageKind page_kind() const { return page_kind_; }
  bool is_paged() const { return paged_ != nullptr; }
  // The pager has left it to the kernel since.
  bool is_left_to_kernel() const { return paged_ != nullptr && paged_->is_left_to_kernel(); }
  // Null if no pager answers its faults.
  const std::shared_ptr<PagedRange>& paged() const { return paged_; }
  RegionState state() const { return state_; }
  // The calling thread will touch the region soon. A hint, for which it is cheap to be wrong.
  void expect_touches_from_here() const;
  // True if the kernel says now that nobody, anywhere, can change its bytes. False if it is not one object's alone.
  bool is_sealed() const;
  // For a caller that must have the memory even after the region is gone. kNotOwned if it is released, or about to be.
  Result<Stake> take_stake() const { return Stake::take(extents()); }
  // For a caller that only looks: the memory may go at any time. Null if the region has been released.
  std::shared_ptr<Extents> extents() const;

  // Installs pages now, also in a region that the kernel pages.
  Status prefetch(uint64_t byte_offset, uint64_t byte_length);
  PagingStats stats() const;

  // From now on the region removes itself from the map when it is destroyed. Borrows the map. Called once, before the
  // region is shared.
  void attach_map(RegionMap& map) { map_ = &map; }
  // `tell` is called once, on the thread that disowns. It must neither block nor call this region.
  void when_disowned(std::function<void()> tell);

  // Keeps `token` alive until the region is released or disowned. Called once, before the region is shared. The token's
  // destructor may be called with the region's lock.
  void hold_while_held(std::shared_ptr<void> token);

  // Gives the memory back. With `keep_addresses` the range reads as zeros from then on, and its addresses stay taken
  // until the region is destroyed, so that a stale pointer harms nobody. Idempotent.
  void release(bool keep_addresses);

  // Gives a range an object of its own, see carve.h. kNotOwned if the region is no longer live.
  Status carve(ByteRange range, std::shared_ptr<Holding> part, Writers writers);

  // These take rights away from the source when a claim is done. They do nothing if the region is no longer live. On
  // failure nothing has changed. REQUIRES: the range has an object to itself.
  // After it the range reads as zeros:
  Status disown(ByteRange range);
  // After it the range still shows the shared bytes, and changes by others; writes of this process stay in it:
  Status drop_write(ByteRange range);
  Status drop_execute(ByteRange range);

  ~Region();
  Region(Mapping mapping, std::shared_ptr<Holding> holding, Rights rights, PageKind page_kind);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  Status page_by(Pager& pager, std::unique_ptr<PageSource> source);
  bool close_to_stakes();
  void finish_paging();
  void save_for_stakes() VMO_REQUIRES(mutex_);  // REQUIRES: no page is missing
  void stop_paging();
  void cover_supplied();
  void end_supply();
  void give_back(bool keep_addresses);  // REQUIRES: closed to stakes, no page is missing if there are some
  Status take_out(ByteRange range);
  Status replace(ByteRange range) VMO_REQUIRES(mutex_);  // REQUIRES: nothing is being installed

  const uint64_t address_;
  const uint64_t byte_length_;
  const PageKind page_kind_;
  // Read without the lock, so that a reader need not wait for a carving.
  std::atomic<RegionState> state_ = RegionState::kLive;
  // Set before the region is shared:
  Pager* pager_ = nullptr;
  std::shared_ptr<PagedRange> paged_;
  std::shared_ptr<SuppliedClaim> supplied_;
  RegionMap* map_ = nullptr;

  mutable Mutex mutex_;
  Mapping mapping_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<Extents> extents_ VMO_GUARDED_BY(mutex_);  // until released
  std::weak_ptr<Extents> left_ VMO_GUARDED_BY(mutex_);       // from then on, left to stakes
  std::unique_ptr<PulledSource> still_to_pull_ VMO_GUARDED_BY(mutex_);
  std::function<void()> tell_disowned_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<void> token_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
