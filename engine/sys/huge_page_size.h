// huge_page_size: how large the machine's huge pages are. Any thread.
#pragma once

#include <cstdint>

namespace vmoffer {

// The bytes that one entry of the second lowest level of page tables covers: 2 MiB with pages of 4 KiB, 32 MiB with
// 16 KiB, 512 MiB with 64 KiB. Transparent huge pages have this size, and so have those that allocate() takes from a
// pool.
uint64_t huge_page_bytes();

}  // namespace vmoffer
