// PagingChoice: who installs the pages of one claim. Decided before the source is asked.
#pragma once

#include "engine/memory/region.h"

namespace vmoffer {

struct PagingChoice {
  Paging wanted = Paging::kKernel;
  // Answers the faults. Set exactly if `wanted` is kUserFault. Borrowed; outlives every region.
  Pager* pager = nullptr;
  // Asked for by name: memory that cannot be paged this way is refused, not paged in another way.
  bool is_demanded = false;

  // The kernel installs a whole huge page with one fault. The pager would install 512 small entries for it.
  Paging of_mapped(PageKind pages) const {
    const bool is_kernels = wanted == Paging::kUserFault && !is_demanded && pages != PageKind::kOrdinary;
    return is_kernels ? Paging::kKernel : wanted;
  }
};

}  // namespace vmoffer
