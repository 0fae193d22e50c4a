// PagingChoice: how the pages of one claim are to come, decided before anybody is asked for it.
#pragma once

#include "engine/memory/region.h"

namespace vmoffer {

struct PagingChoice {
  Paging wanted = Paging::kKernel;
  // Answers the faults; set exactly when `wanted` is kUserFault. Borrowed, outlives every region.
  Pager* pager = nullptr;
  // Asked for by name: what cannot be paged so is refused, not paged otherwise.
  bool is_demanded = false;

  // The kernel installs a huge page whole, by one fault; the pager, 512 small entries for it.
  Paging of_mapped(PageKind pages) const {
    const bool is_kernels = wanted == Paging::kUserFault && !is_demanded && pages != PageKind::kOrdinary;
    return is_kernels ? Paging::kKernel : wanted;
  }
};

}  // namespace vmoffer
