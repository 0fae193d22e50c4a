// rights: what the flags of an offer mean and which of them may be. Pure.
#pragma once

#include <cstdint>

#include "engine/base/rights.h"
#include "engine/base/status.h"

namespace vmoffer {

inline constexpr uint32_t kGrantMask = 7;
inline constexpr uint32_t kDropShift = 3;
inline constexpr uint32_t kDropMask = kGrantMask << kDropShift;

constexpr Rights granted_by(uint32_t flags) { return flags & kGrantMask; }
constexpr Rights dropped_by(uint32_t flags) { return (flags & kDropMask) >> kDropShift; }

// All rights go, so that nothing is left that could be read.
constexpr bool disowns(uint32_t flags) { return (dropped_by(flags) & kRead) != 0; }

// May a holder of `held` make an offer with these flags?
Status check_flags(uint32_t flags, Rights held);

}  // namespace vmoffer
