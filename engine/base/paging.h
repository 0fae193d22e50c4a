// Paging: how the pages of a claim arrive. The numbers go over the wire and never change.
#pragma once

#include <cstdint>

namespace vmoffer {

enum class Paging : uint8_t { kUserFault = 0, kKernel = 1, kEager = 2 };
inline constexpr auto kLastPaging = static_cast<uint8_t>(Paging::kEager);

}  // namespace vmoffer
