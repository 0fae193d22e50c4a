#include "engine/pager/mapped_source.h"

#include "engine/sys/mapping.h"

namespace vmoffer {

CopyProgress MappedSource::install(const UserFault& userfault, uint64_t address, uint64_t, uint64_t byte_length) {
  return userfault.install(address, byte_length);
}

// Even a read-only descriptor makes the object grow its missing pages when they are touched through a shared mapping.
bool MappedSource::fill_hole(uint64_t byte_offset, uint64_t byte_length) {
  Result<Mapping> view = Mapping::view(object_->fd(), byte_offset, byte_length, /*writable=*/false);
  return view.is_ok() && populate(view.value().address(), byte_length, /*write=*/false).is_ok();
}

}  // namespace vmoffer
