#include "engine/memory/stake.h"

namespace vmoffer {

Result<Stake> Stake::take(std::shared_ptr<Extents> extents) {
  if (extents == nullptr || !extents->admit_stake()) {
    return Status(Code::kNotOwned, "the region has just been released");
  }
  return Stake(std::move(extents));
}

Stake::Stake(const Stake& other) : extents_(other.extents_) {
  if (extents_ != nullptr) extents_->add_stake();
}

Stake::~Stake() {
  if (extents_ != nullptr) extents_->remove_stake();
}

}  // namespace vmoffer
