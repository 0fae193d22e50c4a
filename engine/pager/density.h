// density: whether what the kernel's own faults have brought of a part of a claim is a reason to bring the rest of it.
// Pure.
//
// A part is looked at by groups, each of which one read fault brings whole. What the faults on a part have cost so far
// says how many more are to be expected. Once reads have cost a third of what the rest of the part costs, or writes as
// much as that, the rest is brought on another core. So the guess costs three times what has been spent at most.
#pragma once

#include <cstdint>

namespace vmoffer {

// Of groups of pages, by how many of their pages are there.
struct GroupCounts {
  uint64_t absent = 0;
  uint64_t whole = 0;
  uint64_t begun = 0;
  uint64_t pages_of_begun = 0;

  void add(uint64_t present_pages, uint64_t pages_per_group);
};

// How faults bring pages of a claim: a private mapping is read, or copied page by page, which no guess can spare;
// a shared one is read in groups, or written page by page.
enum class FaultsBring : uint8_t { kGroups, kGroupsOrPages };

bool is_rest_worth_bringing(const GroupCounts& counts, FaultsBring what);
// How many faults it takes at least until that is so.
uint64_t fewest_faults_until_worth(const GroupCounts& counts, FaultsBring what);

}  // namespace vmoffer
