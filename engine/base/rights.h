// Rights on memory, as bits: what a region holds, what an offer grants.
#pragma once

#include <cstdint>

namespace vmoffer {

using Rights = uint32_t;

inline constexpr Rights kRead = 1;
inline constexpr Rights kWrite = 2;
inline constexpr Rights kExecute = 4;
inline constexpr Rights kAllRights = kRead | kWrite | kExecute;

}  // namespace vmoffer
