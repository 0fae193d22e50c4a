#include "engine/sys/transparent_huge_pages.h"

#include <sys/mman.h>

#include "engine/base/units.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace vmoffer {
namespace {

void touch(uint64_t address) { *reinterpret_cast<volatile char*>(address) = 0; }

// The kernel accepts the advice even if it will not follow it, so this touches one page to see.
bool becomes_huge_on_touch(uint64_t address, uint64_t byte_length) {
  if (!advise_huge_pages(address, byte_length)) return false;
  touch(address);
  return is_wholly_cached(address, huge_page_bytes());
}

bool join_pages(uint64_t address, uint64_t byte_length) {
  // The kernel joins nothing where there is no page yet.
  const uint64_t huge = huge_page_bytes();
  for (uint64_t at = address; at + huge <= address + byte_length; at += huge) touch(at);
  const uint64_t joinable = align_down(byte_length, huge);
  return ::madvise(reinterpret_cast<void*>(address), joinable, MADV_COLLAPSE) == 0;
}

}  // namespace

bool make_huge_pages(uint64_t address, uint64_t byte_length) {
  return becomes_huge_on_touch(address, byte_length) || join_pages(address, byte_length);
}

}  // namespace vmoffer
