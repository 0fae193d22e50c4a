// transparent_huge_pages: 2 MiB pages for shared memory without a reserved pool. Any thread.
#pragma once

#include <cstdint>

namespace vmoffer {

// Gets huge pages for a mapped range of zeros: on advice, as they are touched, or joined now, which takes the memory
// now. False when the kernel does neither; then it has ordinary pages, one of every 2 MiB touched. REQUIRES:
// byte_length >= kHugePageBytes.
bool make_huge_pages(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
