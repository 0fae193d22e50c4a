// offer_flags: what the flags of an offer mean, and which are allowed. Pure.
//
//     bit      0 … 2    3 … 5    6 … 7    8          9 …
//     means    grants   drops    kind     supplied   nothing
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

// What an offer is for. Users make only the first kind; channels make the others.
enum class OfferKind : uint8_t {
  kMemory = 0,
  kChannel = 1,  // the memory of a channel: a bell comes with it
  kMessage = 2,  // a message that did not fit a slot of a channel; the slot describes it
};
inline constexpr uint32_t kKindShift = 6;
inline constexpr uint32_t kKindMask = 3U << kKindShift;

constexpr uint32_t kind_bits(OfferKind kind) { return static_cast<uint32_t>(kind) << kKindShift; }
// If the flags come from another process, the result may be none of the kinds above.
constexpr OfferKind kind_of(uint32_t flags) { return static_cast<OfferKind>((flags & kKindMask) >> kKindShift); }
constexpr bool is_known(OfferKind kind) { return kind <= OfferKind::kMessage; }

// The memory's pages are brought when they are asked for. Only the engine sets this bit, as it does the kind.
inline constexpr uint32_t kSupplied = 1U << 8;
constexpr bool is_supplied(uint32_t flags) { return (flags & kSupplied) != 0; }

// Bits that no user gives, and that no user is shown.
inline constexpr uint32_t kEnginesBits = kKindMask | kSupplied;

// True if all rights are dropped, so that the source cannot even read the memory.
constexpr bool disowns(uint32_t flags) { return (dropped_by(flags) & kRead) != 0; }

// Ok if a process that holds the rights `held` may make an offer with these flags, which have no kind.
Status check_flags(uint32_t flags, Rights held);

}  // namespace vmoffer
