#include "engine/transfer/held/held_claims.h"

namespace vmoffer {

HeldClaim::~HeldClaim() { book.remove(number); }

// Without the lock: a region that ends takes its claim out while it holds its own lock.
void HeldClaims::add(const ReceivedClaim& claim) { claim.region->hold_while_held(enter(claim)); }

std::shared_ptr<HeldClaim> HeldClaims::enter(const ReceivedClaim& claim) {
  const Region& region = *claim.region;
  const MutexLock lock(mutex_);
  const uint64_t number = ++last_number_;
  std::shared_ptr<HeldClaim> held(new HeldClaim{*this, number, region.address(), region.byte_length(), claim.source_pid,
                                                claim.flags, claim.transfer, claim.paging, region.paged()});
  claims_.emplace(number, held);
  return held;
}

void HeldClaims::remove(uint64_t number) {
  const MutexLock lock(mutex_);
  claims_.erase(number);
}

std::vector<std::shared_ptr<HeldClaim>> HeldClaims::after(uint64_t number, size_t limit) const {
  std::vector<std::shared_ptr<HeldClaim>> found;  // destroyed without the lock, because a last reference takes the lock
  const MutexLock lock(mutex_);
  for (auto at = claims_.upper_bound(number); at != claims_.end() && found.size() < limit; ++at) {
    if (std::shared_ptr<HeldClaim> held = at->second.lock()) found.push_back(std::move(held));
  }
  return found;
}

size_t HeldClaims::count() const {
  const MutexLock lock(mutex_);
  return claims_.size();
}

}  // namespace vmoffer
