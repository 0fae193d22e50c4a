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

}  // namespace

uint64_t page_bytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Result<std::vector<uint8_t>> present_pages(uint64_t address, uint64_t byte_length) {
  const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (!pagemap.is_open()) return os_error(errno, "open", "could not read /proc/self/pagemap (is /proc mounted?)");
  const uint64_t page_count = byte_length / page_bytes();
  std::vector<uint8_t> bits((page_count + 7) / 8);
  std::vector<uint64_t> entries(std::min<uint64_t>(page_count, kEntriesPerRead));
  for (uint64_t page = 0; page < page_count;) {
    const uint64_t wanted = std::min<uint64_t>(entries.size(), page_count - page);
    const auto offset = static_cast<off_t>((address / page_bytes() + page) * sizeof(uint64_t));
    const ssize_t got = ::pread(pagemap.get(), entries.data(), wanted * sizeof(uint64_t), offset);
    if (got <= 0) return os_error(errno, "pread", "could not read /proc/self/pagemap");
    const uint64_t count = static_cast<uint64_t>(got) / sizeof(uint64_t);
    for (uint64_t i = 0; i < count; ++i) {
      if (entries[i] & kPresent) bits[(page + i) / 8] |= static_cast<uint8_t>(1U << ((page + i) % 8));
    }
    page += count;
  }
  return bits;
}

bool is_wholly_cached(uint64_t address, uint64_t byte_length) {
  std::vector<uint8_t> pages(byte_length / page_bytes());
  if (::mincore(reinterpret_cast<void*>(address), byte_length, pages.data()) != 0) return false;
  return std::all_of(pages.begin(), pages.end(), [](uint8_t page) { return (page & 1) != 0; });
}

}  // namespace vmoffer
