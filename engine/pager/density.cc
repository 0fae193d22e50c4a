#include "engine/pager/density.h"

namespace vmoffer {
namespace {

// Measured, see docs/decisions/0042.
constexpr uint64_t kReadFaultNs = 2600;   // brings a group
constexpr uint64_t kWriteFaultNs = 1450;  // brings a page
// How many times what faults have cost a guess may cost. Who writes a tenth of all pages, one by one, would wait for
// locks while the others come in vain.
constexpr uint64_t kMostOverRead = 3;
constexpr uint64_t kMostOverWritten = 1;

// In nanoseconds: what has been spent on faults, times what a guess may cost, and what bringing the rest costs.
struct Balance {
  uint64_t worth = 0;
  uint64_t rest = 0;
};

Balance balance_of(const GroupCounts& counts, FaultsBring what) {
  const bool is_by_page = what == FaultsBring::kGroupsOrPages;
  const uint64_t worth_by_begun = is_by_page ? counts.pages_of_begun * kWriteFaultNs * kMostOverWritten
                                             : counts.begun * kReadFaultNs * kMostOverRead;
  const uint64_t worth = counts.whole * kReadFaultNs * kMostOverRead + worth_by_begun;
  // Of groups that are read, those that were begun have all that the kernel could bring.
  const uint64_t rest = (counts.absent + (is_by_page ? counts.begun : 0)) * kReadFaultNs;
  return {worth, rest};
}

}  // namespace

void GroupCounts::add(uint64_t present_pages, uint64_t pages_per_group) {
  if (present_pages == 0) {
    ++absent;
  } else if (present_pages >= pages_per_group) {
    ++whole;
  } else {
    ++begun;
    pages_of_begun += present_pages;
  }
}

bool is_rest_worth_bringing(const GroupCounts& counts, FaultsBring what) {
  const auto [worth, rest] = balance_of(counts, what);
  return rest > 0 && worth >= rest;
}

uint64_t fewest_faults_until_worth(const GroupCounts& counts, FaultsBring what) {
  const auto [worth, rest] = balance_of(counts, what);
  // What a read fault does to both: no fault does more.
  constexpr uint64_t kMostByFault = kReadFaultNs * kMostOverRead + kReadFaultNs;
  return worth >= rest ? 0 : (rest - worth + kMostByFault - 1) / kMostByFault;
}

}  // namespace vmoffer
