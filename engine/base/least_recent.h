// least_recent: which of the few things that a policy follows at once makes room for a new one. Pure.
#pragma once

#include <algorithm>

namespace vmoffer {

// The one with the smallest `used_at`. REQUIRES: `followed` is not empty.
template <typename Followed>
typename Followed::value_type& least_recent(Followed& followed) {
  return *std::min_element(followed.begin(), followed.end(),
                           [](const auto& a, const auto& b) { return a.used_at < b.used_at; });
}

}  // namespace vmoffer
