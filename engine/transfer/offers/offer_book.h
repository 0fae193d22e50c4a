// OfferBook: the offers of this process that have not ended, and their states. Pure; its owner locks.
//
//     pending ──begin_claim──▶ claiming ──finish_claim──▶ claimed
//        ▲                        │
//        └──────return_claim──────┘
//     pending or claiming ──end──▶ cancelled, expired, revoked     (cancel only while pending)
//
// An offer that has ended leaves the book. A call costs at most O(log n) for n offers, plus the size of its result.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/base/rights.h"
#include "engine/base/status.h"

namespace vmoffer {

// Grows with every offer; 0 is none. The bits from kSeriesShift on identify the book: each copy of the library in a
// process has its own.
using OfferId = uint64_t;
using DestinationId = uint64_t;  // one process, even if its pid is used again later

enum class OfferState : uint8_t { kPending, kClaiming, kClaimed, kCancelled, kExpired, kRevoked };

// Ids are exact as JavaScript numbers: 12 bits for the series, 40 for the count.
inline constexpr int kSeriesShift = 40;
inline constexpr uint64_t kSeriesMask = 0xfff;
inline uint64_t series_of(OfferId id) { return id >> kSeriesShift; }

struct Offer {
  OfferId id = 0;
  DestinationId destination = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t flags = 0;
  OfferState state = OfferState::kPending;
};

enum class CancelOutcome : uint8_t { kCancelled, kNotThere, kTooLate };

class OfferBook {
 public:
  explicit OfferBook(uint64_t series = 0) : last_id_((series & kSeriesMask) << kSeriesShift) {}

  // kBusy while the same address is offered to the same destination.
  Result<OfferId> add(DestinationId destination, uint64_t address, uint64_t byte_length, uint32_t flags);

  std::optional<Offer> find(OfferId id) const;
  std::optional<OfferId> find(DestinationId destination, uint64_t address) const;

  // kNotOffered, or kBusy while another claim of the same offer is under way.
  Result<Offer> begin_claim(DestinationId destination, uint64_t address);
  // Both return false if the offer is not being claimed, because it has ended meanwhile.
  bool finish_claim(OfferId id);
  bool return_claim(OfferId id);

  CancelOutcome cancel(OfferId id);
  // Takes out all offers to the destination, and returns their ids.
  std::vector<OfferId> expire(DestinationId destination);
  // Takes out the pending offers that overlap [address, address + byte_length) and grant one of the lost rights, and
  // returns their ids. No offer that overlaps begins before `search_from` (the start of the region).
  struct Loss {
    uint64_t search_from = 0;
    uint64_t address = 0;
    uint64_t byte_length = 0;
    Rights rights = 0;
  };
  std::vector<OfferId> revoke(const Loss& loss);

  // Up to `limit` offers to one destination (or to all) with ids above `after`, in the order of ids.
  std::vector<Offer> list(DestinationId destination, OfferId after, size_t limit) const;
  std::vector<Offer> list_all() const;
  bool is_any_being_claimed() const;
  size_t count(DestinationId destination) const;
  size_t size() const { return offers_.size(); }

 private:
  using Key = std::pair<DestinationId, uint64_t>;

  void erase(std::map<OfferId, Offer>::iterator at);

  OfferId last_id_;
  std::map<OfferId, Offer> offers_;
  std::map<Key, OfferId> by_address_;
  std::set<std::pair<uint64_t, OfferId>> by_start_;
  std::unordered_map<DestinationId, std::set<OfferId>> by_destination_;
};

}  // namespace vmoffer
