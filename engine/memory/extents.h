// Extents: which memory objects stand behind a region, piece by piece. At first there is one. A part that is offered by
// itself gets an object of its own (a memory object cannot be passed in part), and a part that is disowned is gone.
//
// Shared by the region and those who have a stake in them (stake.h), so that an offer keeps its memory alive when the
// region is released. Pure bookkeeping: what is done to the mapping, carve.h and Region do. Any thread. A call costs
// O(log n) of the extents there are, for each extent that its range touches.
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

  // The region's first address; it stays the same when the region is gone.
  uint64_t address() const { return address_; }
  uint64_t byte_length() const { return byte_length_; }

  // What is held of every byte of the range; 0 where a part of it is gone.
  Rights rights(ByteRange range) const;
  // The holding of exactly this range: whoever gets its object gets the range and not one byte more. Null when the
  // range has no object to itself.
  std::shared_ptr<Holding> exact(ByteRange range) const;
  // The pieces that the range is made of, cut to it.
  std::vector<Extent> pieces(ByteRange range) const;
  bool is_wholly_gone() const;

  // For a region that is about to be given back: nobody gets a stake any more, so that whether there are some is
  // settled. Those who have one may let it go, or pass it on. True when there are some.
  bool close_to_stakes();
  bool has_stakes() const;

  // The region has nothing more to itself: whatever it leaves to stakes is in the extents.
  void set_left();
  // For whoever finds the region gone, which may be ending at this very moment. REQUIRES: it has ended, or is ending.
  void await_left();

  // The region is gone, its offers are not: nothing else may be allocated at the address by which they are claimed.
  // Takes ownership.
  void keep_addresses(Mapping addresses);

  // Puts one extent in the place of all that its range covers.
  void replace(const Extent& extent);
  // Where `old` is behind the range: an object of the same length and the same bytes takes its place.
  void exchange(ByteRange range, const Holding& old, const std::shared_ptr<Holding>& copy);
  // From every piece of the range, whatever else is held of it.
  void drop(ByteRange range, Rights dropped);
  void set_gone(ByteRange range);

  Extents(const Extents&) = delete;
  Extents& operator=(const Extents&) = delete;

 private:
  friend class Stake;
  using Map = std::map<uint64_t, Extent>;  // by first offset

  bool admit_stake();  // false when closed to stakes
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
