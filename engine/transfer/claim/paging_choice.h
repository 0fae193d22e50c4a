// PagingChoice: how the pages of one claim are to come, decided before anybody is asked for it.
#pragma once

#include "engine/memory/region.h"

namespace vmoffer {

// What the kernel brings around a page that is touched to be read.
inline constexpr uint64_t kPagesOfKernelFault = 16;

struct PagingChoice {
  Paging wanted = Paging::kKernel;
  // Answers the faults; set exactly when `wanted` is kUserFault. Borrowed, outlives every region.
  Pager* pager = nullptr;
  // Asked for by name: what cannot be paged so is refused, not paged otherwise.
  bool is_demanded = false;

  // The kernel installs a huge page whole, by one fault; the pager, 512 small entries for it. And one fault of the
  // kernel brings as many pages as a small claim has, for less than registering the claim and one answer of the pager.
  Paging of_mapped(PageKind pages, uint64_t page_count) const {
    const bool is_cheaper = pages != PageKind::kOrdinary || page_count <= kPagesOfKernelFault;
    return wanted == Paging::kUserFault && !is_demanded && is_cheaper ? Paging::kKernel : wanted;
  }
};

}  // namespace vmoffer
