// transparent_huge_pages: huge pages for shared memory without a reserved pool. Any thread.
#pragma once

#include <cstdint>

namespace vmoffer {

// Gets huge pages for a mapped range of zeros: on advice, as they are touched, or joined now, which takes the memory
// now. False when the kernel does neither; then it has ordinary pages, one touched where each huge page would be.
// REQUIRES: byte_length >= huge_page_bytes().
bool make_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
