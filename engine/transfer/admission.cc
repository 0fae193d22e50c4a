#include "engine/transfer/admission.h"

#include <algorithm>

namespace vmoffer {
namespace {

// Connections that stand for no claim may together take a half of the descriptors.
constexpr uint64_t kPartForConnections = 2;
// While less than a quarter is free, connections of strangers are not kept.
constexpr uint64_t kPartForTheProgram = 4;
constexpr uint64_t kPartForFlights = 4;
constexpr uint64_t kPartForAllFlights = 2;
// A guest may always have this many.
constexpr uint64_t kDescriptorsOfGuest = 16;
constexpr uint64_t kPartForOneGuest = 4;
constexpr size_t kBriefConnections = 8;

// Enough to claim everything that it is offered at once, up to its part.
uint64_t of_guest(const Room& room) {
  const uint64_t wanted = std::max(room.offers_to_it * kDescriptorsOfConnection, kDescriptorsOfGuest);
  return std::min(wanted, std::max(room.limit / kPartForOneGuest, kDescriptorsOfGuest));
}

bool may_be_kept(const Room& room) {
  const bool has_share = room.verdict == Shares::Verdict::kYes;
  if (room.has_only_spares) return false;
  if (room.offers_to_it > 0) return has_share || room.of_process + kDescriptorsOfConnection <= of_guest(room);
  return has_share && room.lowest_free < room.limit - room.limit / kPartForTheProgram;
}

}  // namespace

uint64_t descriptors_for_connections(uint64_t limit) { return limit / kPartForConnections; }

Admission admission_for(const Room& room) {
  if (may_be_kept(room)) return Admission::kKept;
  const bool has_had_its_share = room.verdict == Shares::Verdict::kProcessHasItsShare;
  return has_had_its_share || room.brief_connections >= kBriefConnections ? Admission::kRefused : Admission::kAnswered;
}

uint64_t descriptors_for_flights(uint64_t limit) { return limit / kPartForFlights; }

bool may_be_sent_more(Shares::Verdict verdict, uint64_t of_process, uint64_t of_all, uint64_t limit) {
  return verdict == Shares::Verdict::kYes || (of_process == 0 && of_all < limit / kPartForAllFlights);
}

}  // namespace vmoffer
