// page_table: reads this process's page table.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

uint64_t page_bytes();

// One bit for each page of the range, lowest bit first: whether it is present. Source: /proc/self/pagemap, bit 63.
Result<std::vector<uint8_t>> present_pages(uint64_t address, uint64_t byte_length);

// PresentPages: looks at a few pages here and there. One thread uses it.
class PresentPages {
 public:
  static Result<PresentPages> open();
  // How many of the pages are present. A page whose entry cannot be read is not counted.
  uint64_t count(uint64_t address, uint64_t page_count) const;

 private:
  explicit PresentPages(UniqueFd pagemap) : pagemap_(std::move(pagemap)) {}

  UniqueFd pagemap_;
};

// True if every page of the range is in memory (for a file: in the page cache).
bool is_wholly_cached(uint64_t address, uint64_t byte_length);

}  // namespace vmoffer
