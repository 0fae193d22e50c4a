#include "engine/memory/huge_pages.h"

#include "engine/base/units.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/transparent_huge_pages.h"

namespace vmoffer {
namespace {

Result<BackedMapping> map_object(uint64_t byte_length, Protection protection, bool hugetlb) {
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(byte_length, hugetlb);
  if (!object.is_ok()) return object.status();
  Result<Mapping> mapping =
      Mapping::of_object(object.value()->fd(), byte_length, Sharing::kShared, protection, /*reserve=*/hugetlb);
  if (!mapping.is_ok()) return mapping.status();
  return BackedMapping{object.take(), mapping.take(), hugetlb ? PageKind::kHugeTlb : PageKind::kOrdinary};
}

}  // namespace

Result<BackedMapping> map_new_object(uint64_t byte_length, Protection protection, bool huge_pages) {
  const bool can_be_huge = huge_pages && byte_length >= huge_page_bytes();
  if (can_be_huge && is_aligned(byte_length, huge_page_bytes())) {
    Result<BackedMapping> from_pool = map_object(byte_length, protection, true);
    if (from_pool.is_ok()) return from_pool;
  }
  Result<BackedMapping> backed = map_object(byte_length, protection, false);
  if (!backed.is_ok() || !can_be_huge) return backed;
  const Mapping& mapping = backed.value().mapping;
  if (!make_huge_pages(mapping.address(), byte_length)) return backed;
  backed.value().object->say_huge_pages();
  backed.value().page_kind = PageKind::kTransparentHuge;
  return backed;
}

PageKind page_kind_of(const MemoryObject& object, const Mapping& mapping) {
  if (object.is_hugetlb()) return PageKind::kHugeTlb;
  if (!object.says_huge_pages() || object.byte_length() < huge_page_bytes()) return PageKind::kOrdinary;
  const bool can_be_huge = advise_huge_pages(mapping.address(), mapping.byte_length());
  return can_be_huge ? PageKind::kTransparentHuge : PageKind::kOrdinary;
}

}  // namespace vmoffer
