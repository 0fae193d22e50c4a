// transparent_huge_pages: huge pages for shared memory without a reserved pool. Any thread.
#pragma once

#include <cstdint>

namespace vmoffer {

// Gets huge pages for a mapped range of zeros. If the kernel takes advice, it makes them as they are touched; otherwise
// it is asked to join pages now, which takes the memory now. False if the kernel does neither. Then the range has
// ordinary pages, and one is touched where each huge page would be.
// REQUIRES: byte_length >= huge_page_bytes().
bool make_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
