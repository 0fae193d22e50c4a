#include "engine/pager/mapped_source.h"

#include "engine/sys/mapping.h"

namespace vmoffer {
namespace {

// A touch through a shared mapping makes the object's missing pages, even if the descriptor is read-only.
bool make_pages(const MemoryObject& object, uint64_t byte_offset, uint64_t byte_length) {
  Result<Mapping> view = Mapping::view(object.fd(), byte_offset, byte_length, /*writable=*/false);
  return view.is_ok() && populate(view.value().address(), byte_length, /*write=*/false).is_ok();
}

}  // namespace

CopyProgress MappedSource::install(const UserFault& userfault, uint64_t address, uint64_t, uint64_t byte_length) {
  return userfault.install(address, byte_length);
}

uint64_t MappedSource::bytes_for_kernel(uint64_t byte_offset, uint64_t byte_length) {
  if (object_->is_hugetlb()) return 0;
  const MemoryObject::ContentRun run = object_->next_run(byte_offset, byte_offset + byte_length);
  switch (run.content) {
    case Content::kBytes:
      return run.length;
    case Content::kZeros:
      return 0;
  }
  return 0;
}

bool MappedSource::fill_hole(uint64_t byte_offset, uint64_t byte_length) {
  switch (object_->content_of_holes()) {
    case Content::kBytes:
    case Content::kZeros:
      return make_pages(*object_, byte_offset, byte_length);
  }
  return false;
}

}  // namespace vmoffer
