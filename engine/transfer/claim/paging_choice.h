// PagingChoice: who installs the pages of one claim. Decided before the source is asked.
#pragma once

#include "engine/memory/region.h"
#include "engine/sys/fault_around.h"

namespace vmoffer {

struct PagingChoice {
  Paging wanted = Paging::kKernel;
  // Answers the faults. Set exactly if `wanted` is kUserFault. Borrowed; outlives every region.
  Pager* pager = nullptr;
  // Asked for by name: memory that cannot be paged this way is refused, not paged in another way.
  bool is_demanded = false;

  // The kernel installs a whole huge page with one fault. The pager would install 512 small entries for it. One fault
  // of the kernel also brings all that a small claim has, for less than registering the claim and one answer of
  // the pager.
  Paging of_mapped(PageKind pages, uint64_t byte_length) const {
    const bool is_cheaper = pages != PageKind::kOrdinary || byte_length <= kFaultAroundBytes;
    return wanted == Paging::kUserFault && !is_demanded && is_cheaper ? Paging::kKernel : wanted;
  }
};

}  // namespace vmoffer
