// Region: a page-aligned range mapped in this process that the library manages, allocated here or received by a claim.
//
// Shared by whoever may still look at its bytes: the JavaScript object, each ArrayBuffer over it. The last of them
// gives the addresses back; release() and disown() give the memory back before that. Any thread may call any method.
//
//     live ──release()──▶ released      the memory is this process's no more, because it wished so
//          ──disown()───▶ disowned      … because it has gone to another process
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
  // Faults on what was mapped are answered by the pager from here on, and not by the kernel. Called once at most,
  // before the region is shared. REQUIRES: pager outlives the region.
  Status page_by(Pager& pager);

  // Private memory, filled with copies of the object's pages when they are touched, or all by prefetch() when `pager`
  // is null.
  static Result<std::shared_ptr<Region>> pull(PulledSource::Origin origin, Rights rights,
                                              std::shared_ptr<Holding> holding, Pager* pager);

  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }
  PageKind page_kind() const { return page_kind_; }
  bool is_paged() const { return paged_ != nullptr; }
  // Null when no pager answers its faults.
  const std::shared_ptr<PagedRange>& paged() const { return paged_; }
  RegionState state() const { return state_; }
  // For whoever is to have the memory when the region is gone. kNotOwned when it is released, or about to be.
  Result<Stake> take_stake() const { return Stake::take(extents()); }
  // The same for a look, which keeps nothing for anybody; null when the region has been released.
  std::shared_ptr<Extents> extents() const;

  // Installs pages now. For a kernel-paged region, too.
  Status prefetch(uint64_t byte_offset, uint64_t byte_length);
  PagingStats stats() const;

  // From here on the region takes itself out of the map when it is destroyed. Borrows the map. Called once, before the
  // region is shared.
  void attach_map(RegionMap& map) { map_ = &map; }
  // Called once, on the thread that disowns. Must neither block nor call back.
  void when_disowned(std::function<void()> tell);

  // Keeps `token` alive until the region is released or disowned. Called once, before the region is shared. The token's
  // destructor may be called with the region's lock.
  void hold_while_held(std::shared_ptr<void> token);

  // Gives the memory back. With `keep_addresses` the range reads as zeros from then on and its addresses stay taken
  // until the region is destroyed, so that whoever still holds a pointer harms nobody. Idempotent.
  void release(bool keep_addresses);

  // Gives a range an object of its own, see carve.h. kNotOwned when the region is no longer live.
  Status carve(ByteRange range, std::shared_ptr<Holding> part, Writers writers);

  // What a claim takes from the source; nothing when the region is no longer live. On failure nothing has changed.
  // REQUIRES: the range has an object to itself.
  // It reads as zeros from then on:
  Status disown(ByteRange range);
  // Its bytes can still be read, as they are and as others change them; what is written here from now on stays here:
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
  void give_back(bool keep_addresses);  // REQUIRES: closed to stakes, no page is missing if there are some
  Status take_out(ByteRange range);
  Status replace(ByteRange range) VMO_REQUIRES(mutex_);  // REQUIRES: nothing is being installed

  const uint64_t address_;
  const uint64_t byte_length_;
  const PageKind page_kind_;
  // Read without the lock: who asks must not wait for a carving.
  std::atomic<RegionState> state_ = RegionState::kLive;
  // Set before the region is shared:
  Pager* pager_ = nullptr;
  std::shared_ptr<PagedRange> paged_;
  RegionMap* map_ = nullptr;

  mutable Mutex mutex_;
  Mapping mapping_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<Extents> extents_ VMO_GUARDED_BY(mutex_);  // until released
  std::weak_ptr<Extents> left_ VMO_GUARDED_BY(mutex_);       // from then on, to those who have a stake
  std::unique_ptr<PulledSource> still_to_pull_ VMO_GUARDED_BY(mutex_);
  std::function<void()> tell_disowned_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<void> token_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
