// HeldClaims: the claims that this process holds now, for INSPECT. Thread-safe. Keeps nothing of a claim alive but its
// counters. Must outlive every claim that is added.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/sys/event_loop.h"
#include "engine/transfer/claim/claim.h"

namespace vmoffer {

class HeldClaims;

// The region keeps it alive as long as it has the memory.
struct HeldClaim {
  HeldClaims& book;
  const uint64_t number;
  const uint64_t address;
  const uint64_t byte_length;
  const int source_pid;
  const uint32_t flags;
  const wire::Transfer transfer;
  const Paging paging;
  const std::shared_ptr<PagedRange> paged;  // null if the kernel pages it
  // Broker thread only:
  wire::ResidencySample sample = {};
  Clock::time_point sampled_at = {};

  ~HeldClaim();
};

class HeldClaims {
 public:
  HeldClaims() = default;
  // REQUIRES: no other thread has the region yet.
  void add(const ReceivedClaim& claim);
  // The claims with numbers above `number`, in order.
  std::vector<std::shared_ptr<HeldClaim>> after(uint64_t number, size_t limit) const;
  size_t count() const;

  HeldClaims(const HeldClaims&) = delete;
  HeldClaims& operator=(const HeldClaims&) = delete;

 private:
  friend struct HeldClaim;
  std::shared_ptr<HeldClaim> enter(const ReceivedClaim& claim);
  void remove(uint64_t number);

  mutable Mutex mutex_;
  uint64_t last_number_ VMO_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, std::weak_ptr<HeldClaim>> claims_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
