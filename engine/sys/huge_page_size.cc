#include "engine/sys/huge_page_size.h"

#include "engine/base/units.h"
#include "engine/sys/page_table.h"
#include "engine/sys/text_file.h"

namespace vmoffer {

// Not from /proc/meminfo: its Hugepagesize is the default size of the pools, which may be another one.
uint64_t huge_page_bytes() {
  static const uint64_t bytes = huge_page_bytes_from(
      read_number_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").value_or(0), page_bytes());
  return bytes;
}

}  // namespace vmoffer
