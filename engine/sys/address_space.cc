#include "engine/sys/address_space.h"

#include <sys/mman.h>

#include "engine/base/units.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

namespace vmoffer {

bool has_address_space(uint64_t byte_length, size_t piece_count) {
  Result<Mapping> mapping = Mapping::zeros(align_up(byte_length, page_bytes()) + 2 * piece_count * page_bytes());
  if (!mapping.is_ok()) return false;
  // Every second page differs from its neighbours, so the kernel makes it a mapping of its own.
  for (size_t piece = 0; piece < piece_count; ++piece) {
    auto* const page = reinterpret_cast<void*>(mapping.value().address() + 2 * piece * page_bytes());
    if (::mprotect(page, page_bytes(), PROT_NONE) != 0) return false;
  }
  return true;
}

}  // namespace vmoffer
