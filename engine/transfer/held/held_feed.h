// held_feed: tells another process which claims this one holds. Broker thread only.
#pragma once

#include "engine/transfer/feed.h"
#include "engine/transfer/held/held_claims.h"

namespace vmoffer {

// Borrows the claims.
Feed::Next claims_in(const HeldClaims& claims);

}  // namespace vmoffer
