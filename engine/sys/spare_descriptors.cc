#include "engine/sys/spare_descriptors.h"

#include <sys/eventfd.h>

namespace vmoffer {

void SpareDescriptors::keep() {
  while (kept_.size() < count_) {
    UniqueFd spare(::eventfd(0, EFD_CLOEXEC));
    if (!spare.is_open()) return;
    kept_.push_back(std::move(spare));
  }
}

}  // namespace vmoffer
