// Stake: an interest in the memory behind a region that outlasts the region. An offer has one, and so does the broker
// while it answers a claim of that offer. A region that is given back leaves its bytes to the stakes that exist by
// then. Code that only looks at the extents needs none.
//
// The extents count stakes under their lock. A copy is a stake of its own. Any thread, but one at a time for each
// stake.
#pragma once

#include <memory>
#include <utility>

#include "engine/base/status.h"
#include "engine/memory/extents.h"

namespace vmoffer {

class Stake {
 public:
  // kNotOwned if the region has been given back (`extents` is null), or is being given back.
  static Result<Stake> take(std::shared_ptr<Extents> extents);

  Extents& operator*() const { return *extents_; }
  Extents* operator->() const { return extents_.get(); }

  Stake(const Stake& other);
  Stake(Stake&& other) noexcept = default;
  Stake& operator=(Stake other) noexcept {
    std::swap(extents_, other.extents_);
    return *this;
  }
  ~Stake();

 private:
  explicit Stake(std::shared_ptr<Extents> extents) : extents_(std::move(extents)) {}

  std::shared_ptr<Extents> extents_;  // null after a move
};

}  // namespace vmoffer
