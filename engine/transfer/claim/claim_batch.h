// ClaimBatch: claims that one thread makes together. It asks the source for each by itself, so that no other thread has
// to be woken, and looks for the answers when it has asked for all: at those that are there already, and for the others
// if such answers have come soon. What does not come soon is left to the loop. So is everything if the thread does not
// come to look, because it is busy with something else.
//
// add() and look() belong to that thread, the others to any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/transfer/claim/claim_driver.h"

namespace vmoffer {

class ClaimsUnderWay;

class ClaimBatch {
 public:
  using Ticket = uint64_t;
  // A claim whose source has been asked.
  struct Asked {
    Ticket ticket = 0;
    uint64_t key = 0;
    std::unique_ptr<ClaimerSide> side;
    Deadline deadline;
    ClaimDriver::Done done;  // for the loop's thread
  };
  struct Answered {
    ClaimsUnderWay& claims;
    uint64_t key = 0;
    ClaimRequest request;
    Result<ReceivedClaim> result;
  };

  // Borrows the claims.
  explicit ClaimBatch(ClaimsUnderWay& claims) : claims_(claims) {}

  void add(Asked asked);
  // What has come, each by the key it was added with. `done` of the others is called on the loop's thread.
  std::vector<Answered> look();

  // Since when the first of them has waited for a look.
  std::optional<Clock::time_point> waits_since() const;
  std::vector<Asked> take();
  std::optional<Asked> take(Ticket ticket);

  ClaimBatch(const ClaimBatch&) = delete;
  ClaimBatch& operator=(const ClaimBatch&) = delete;

 private:
  ClaimsUnderWay& claims_;
  mutable Mutex mutex_;
  std::vector<Asked> asked_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
