// Extents: which memory object stands behind each piece of a region. At first there is one for all. A part that is
// offered alone gets an object of its own, because a memory object cannot be passed in part. A disowned part is gone.
//
// The region and all stakes (stake.h) share the extents, so that an offer keeps its memory alive after the region is
// released. Bookkeeping only: carve.h and Region change the mapping. Any thread. A call costs O(log n) of the number of
// extents, for each extent that its range touches.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/rights.h"
#include "engine/memory/holding.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t end() const { return offset + length; }
};

struct Extent {
  ByteRange range;                   // within the region
  std::shared_ptr<Holding> holding;  // null: gone
  uint64_t object_offset = 0;
  Rights rights = 0;
};

class Extents {
 public:
  // Invariant: the extents are in order, do not overlap, and cover the region without a gap.
  Extents(uint64_t address, uint64_t byte_length, std::shared_ptr<Holding> holding, Rights rights);

  // The region's first address, even after the region is gone.
  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }

  // The rights that this process holds on every byte of the range; 0 if a part of it is gone.
  Rights rights(ByteRange range) const;
  // The holding of exactly this range: a claimer that gets its object gets the range and not one byte more. Null if the
  // range has no object to itself.
  std::shared_ptr<Holding> exact(ByteRange range) const;
  // The pieces that the range is made of, cut to it.
  std::vector<Extent> pieces(ByteRange range) const;
  bool is_wholly_gone() const;

  // For a region that is about to be given back. From now on nobody can take a stake, so that whether there are any is
  // settled. A holder of a stake may still drop it or copy it. True if there are any.
  bool close_to_stakes();
  bool has_stakes() const;

  // The region has been given back: the extents have everything that it leaves to stakes.
  void set_left();
  // Waits for set_left(): a region that can no longer be found may still be ending. REQUIRES: it has ended, or is
  // ending.
  void await_left();

  // For offers that outlive the region: nothing else may be allocated at the address by which they are claimed. Takes
  // ownership.
  void keep_addresses(Mapping addresses);

  // Replaces everything in the extent's range by this one extent.
  void replace(const Extent& extent);
  // Wherever `old` stands behind the range, `copy` takes its place: an object of the same length with the same bytes.
  void exchange(ByteRange range, const Holding& old, const std::shared_ptr<Holding>& copy);
  // Takes these rights away from every piece of the range, and leaves it the others.
  void drop(ByteRange range, Rights dropped);
  void set_gone(ByteRange range);

  Extents(const Extents&) = delete;
  Extents& operator=(const Extents&) = delete;

 private:
  friend class Stake;
  using Map = std::map<uint64_t, Extent>;  // by first offset

  bool admit_stake();  // false if closed to stakes
  void add_stake();    // REQUIRES: there is one
  void remove_stake();

  Map::const_iterator at(uint64_t offset) const VMO_REQUIRES(mutex_);  // the extent that holds the byte
  void split(uint64_t offset) VMO_REQUIRES(mutex_);
  void put(const Extent& extent) VMO_REQUIRES(mutex_);

  const uint64_t address_;
  const uint64_t byte_length_;
  mutable Mutex mutex_;
  Map extents_ VMO_GUARDED_BY(mutex_);
  uint64_t bytes_gone_ VMO_GUARDED_BY(mutex_) = 0;
  Mapping addresses_ VMO_GUARDED_BY(mutex_);
  uint64_t stakes_ VMO_GUARDED_BY(mutex_) = 0;
  bool is_closed_to_stakes_ VMO_GUARDED_BY(mutex_) = false;
  bool is_left_ VMO_GUARDED_BY(mutex_) = false;
  Condition left_;
};

}  // namespace vmoffer
