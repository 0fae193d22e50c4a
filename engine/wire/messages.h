// The messages that two brokers exchange; FORMAT.md gives their bytes and the order in which they may come. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/paging.h"
#include "engine/base/paging_counts.h"
#include "engine/base/status.h"

namespace vmoffer::wire {

inline constexpr uint32_t kMagic = 0x464f4d56;  // "VMOF" in memory
inline constexpr uint16_t kVersion = 1;
inline constexpr uint32_t kMaxOffersPerPacket = 100;
inline constexpr uint32_t kMaxHeldPerPacket = 40;

enum class Type : uint16_t {
  kClaim = 1,
  kTerms = 2,
  kMapped = 3,
  kDeclined = 4,
  kDone = 5,
  kRefused = 6,
  kList = 7,
  kOffers = 8,
  kEndOfList = 9,
  kLease = 10,
  // 11 was BELL.
  kSupply = 12,
  kInspect = 20,
  kHeld = 21,
  kAsk = 30,
  kCancel = 31,
  kReady = 32,
  kFailed = 33,
  kProgress = 34,
  kRecall = 35,
  kGiven = 36,
  kKept = 37,
};

enum class Transfer : uint8_t { kMap = 0, kPull = 1 };

// Claimer: I want what you offer me at this address of yours, to map it or to pull it.
struct Claim {
  uint64_t address = 0;
  Transfer transfer = Transfer::kMap;
};

// Source: here it is. One descriptor comes with it.
struct Terms {
  uint64_t offer_id = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint64_t object_offset = 0;  // where in the object the range begins
  uint32_t flags = 0;
};

// Claimer: I have mapped it.
struct Mapped {
  uint64_t offer_id = 0;
};

// Claimer: I do not take it, and hold nothing of it.
struct Declined {
  uint64_t offer_id = 0;  // 0 before the terms are known
};

// Source: the memory is yours, and I have dropped the rights that the offer drops.
struct Done {
  uint64_t offer_id = 0;
};

// Source: you get nothing, and why.
struct Refused {
  Code code = Code::kProtocol;
  std::string message;
};

// Asker: what do you offer me? With `follow`, also from now on, until I hang up.
struct List {
  bool follow = false;
};

struct OfferLine {
  uint64_t offer_id = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t flags = 0;
};

struct Offers {
  std::vector<OfferLine> lines;
};

struct EndOfList {};

// Source, before the terms. One descriptor comes with it, which the claimer keeps for as long as it has the memory. An
// earlier owner of the memory sees the end of this connection when the last holder is gone.
struct Lease {};
inline constexpr size_t kMaxLeases = 32;

// Asker: which claims do you hold, and what have they cost? Answered to some users only, see docs/security.md.
struct Inspect {};

// How much of a claim is resident. Large claims are sampled: then `resident_pages` is an estimate.
struct ResidencySample {
  uint64_t resident_pages = 0;
  uint64_t pages_looked_at = 0;
  std::vector<uint8_t> cells;  // equal pieces of the claim, in order: 0 none resident, 255 all
};
inline constexpr size_t kMaxCells = 64;

struct HeldLine {
  uint64_t number = 0;  // of the claim, in its process
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t source_pid = 0;
  uint32_t flags = 0;
  Transfer transfer = Transfer::kMap;
  Paging paging = Paging::kKernel;
  PagingCounts counts;
  uint64_t fault_ns_p50 = 0;
  uint64_t fault_ns_p99 = 0;
  ResidencySample residency;
};

// Holder: I hold these claims.
struct Held {
  std::vector<HeldLine> lines;
};

// Source, before the terms of supplied memory. After DONE the connection is the line of the claim, which carries the
// messages below.
struct Supply {
  uint32_t unit_bytes = 0;
  uint32_t timeout_ms = 0;  // a source that sends nothing for this long is stopped or stuck
};
inline constexpr uint32_t kMinUnitBytes = 64 << 10;
inline constexpr uint32_t kMaxUnitBytes = 4 << 20;
// How many units of one claim may be asked for and unanswered.
inline constexpr uint64_t kMaxUnitsAskedFor = 1024;
// How often in each timeout a source sends a message, while it has requests to answer.
inline constexpr uint32_t kSignsOfLifePerTimeout = 4;

// Whole units of supplied memory.
struct UnitRange {
  uint64_t byte_offset = 0;
  uint64_t byte_length = 0;
};

// Claimer: bring me these.
struct Ask {
  UnitRange units;
  bool is_waited_for = false;  // by a thread that has touched one
};

// Claimer: I do not wait for these any more.
struct Cancel {
  UnitRange units;
};

// Source: these are there.
struct Ready {
  UnitRange units;
};

// Source: nobody could bring these, and why.
struct Failed {
  UnitRange units;
  Code code = Code::kProtocol;
  std::string message;
};

// Source: I am alive, and working on your requests.
struct Progress {};

// Source: give these back.
struct Recall {
  uint64_t number = 0;
  UnitRange units;
};

// Claimer: I do not read them any more.
struct Given {
  uint64_t number = 0;
};

// Claimer: I need them.
struct Kept {
  uint64_t number = 0;
};

using Message = std::variant<Claim, Terms, Mapped, Declined, Done, Refused, List, Offers, EndOfList, Lease, Inspect,
                             Held, Supply, Ask, Cancel, Ready, Failed, Progress, Recall, Given, Kept>;

}  // namespace vmoffer::wire
