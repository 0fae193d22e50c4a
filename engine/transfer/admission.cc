#include "engine/transfer/admission.h"

namespace vmoffer {
namespace {

// All connections that stand for no claim together may take one of so many parts.
constexpr uint64_t kPartForConnections = 2;
// Those of strangers are not kept while fewer than one of so many parts is free.
constexpr uint64_t kPartForTheProgram = 4;
// Some claims at once.
constexpr uint64_t kDescriptorsOfGuest = 16;
constexpr size_t kBriefConnections = 8;

bool may_be_kept(const Room& room) {
  const bool has_share = room.verdict == Shares::Verdict::kYes;
  if (room.has_only_spares) return false;
  if (room.is_guest) return has_share || room.of_process + kDescriptorsOfConnection <= kDescriptorsOfGuest;
  return has_share && room.lowest_free < room.limit - room.limit / kPartForTheProgram;
}

}  // namespace

uint64_t descriptors_for_connections(uint64_t limit) { return limit / kPartForConnections; }

Admission admission_for(const Room& room) {
  if (may_be_kept(room)) return Admission::kKept;
  const bool has_had_its_share = room.verdict == Shares::Verdict::kProcessHasItsShare;
  return has_had_its_share || room.brief_connections >= kBriefConnections ? Admission::kRefused : Admission::kAnswered;
}

}  // namespace vmoffer
