#include "engine/sys/page_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "engine/sys/call.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr size_t kEntriesPerRead = 8192;

Result<UniqueFd> open_pagemap() {
  UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (pagemap.is_open()) return pagemap;
  return os_error(errno, "open", "could not read /proc/self/pagemap (is /proc mounted?)");
}

// Returns how many entries it could read; if none, 0 with errno.
uint64_t read_entries(const UniqueFd& pagemap, uint64_t first_page, uint64_t* entries, uint64_t count) {
  const auto offset = static_cast<off_t>(first_page * sizeof(uint64_t));
  const ssize_t got = ::pread(pagemap.get(), entries, count * sizeof(uint64_t), offset);
  return got <= 0 ? 0 : static_cast<uint64_t>(got) / sizeof(uint64_t);
}

}  // namespace

uint64_t page_bytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Result<std::vector<uint8_t>> present_pages(uint64_t address, uint64_t byte_length) {
  const Result<UniqueFd> pagemap = open_pagemap();
  if (!pagemap.is_ok()) return pagemap.status();
  const uint64_t page_count = byte_length / page_bytes();
  std::vector<uint8_t> bits((page_count + 7) / 8);
  std::vector<uint64_t> entries(std::min<uint64_t>(page_count, kEntriesPerRead));
  for (uint64_t page = 0; page < page_count;) {
    const uint64_t wanted = std::min<uint64_t>(entries.size(), page_count - page);
    const uint64_t count = read_entries(pagemap.value(), address / page_bytes() + page, entries.data(), wanted);
    if (count == 0) return os_error(errno, "pread", "could not read /proc/self/pagemap");
    for (uint64_t i = 0; i < count; ++i) {
      if (entries[i] & kPresent) bits[(page + i) / 8] |= static_cast<uint8_t>(1U << ((page + i) % 8));
    }
    page += count;
  }
  return bits;
}

Result<PresentPages> PresentPages::open() {
  Result<UniqueFd> pagemap = open_pagemap();
  if (!pagemap.is_ok()) return pagemap.status();
  return PresentPages(pagemap.take());
}

uint64_t PresentPages::count(uint64_t address, uint64_t page_count) const {
  std::vector<uint64_t> entries(page_count);
  const uint64_t got = read_entries(pagemap_, address / page_bytes(), entries.data(), page_count);
  return static_cast<uint64_t>(std::count_if(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(got),
                                             [](uint64_t entry) { return (entry & kPresent) != 0; }));
}

bool is_wholly_cached(uint64_t address, uint64_t byte_length) {
  std::vector<uint8_t> pages(byte_length / page_bytes());
  if (::mincore(reinterpret_cast<void*>(address), byte_length, pages.data()) != 0) return false;
  return std::all_of(pages.begin(), pages.end(), [](uint8_t page) { return (page & 1) != 0; });
}

}  // namespace vmoffer
