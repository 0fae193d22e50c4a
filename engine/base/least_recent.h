// least_recent: of the few things that a policy follows at once, the one to forget for a new one. Pure.
#pragma once

#include <algorithm>

namespace vmoffer {

// The one that has not been used for longest, by its `used_at`. REQUIRES: there is one.
template <typename Followed>
typename Followed::value_type& least_recent(Followed& followed) {
  return *std::min_element(followed.begin(), followed.end(),
                           [](const auto& a, const auto& b) { return a.used_at < b.used_at; });
}

}  // namespace vmoffer
