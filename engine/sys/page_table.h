// page_table: what the kernel says about this process's page table.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/status.h"

namespace vmoffer {

uint64_t page_bytes();

// One bit per page of the range, lowest bit first: is it present? Source: /proc/self/pagemap, bit 63.
Result<std::vector<uint8_t>> present_pages(uint64_t address, uint64_t byte_length);

// True when every page of the range is in memory (for a file: in the page cache).
bool is_wholly_cached(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
