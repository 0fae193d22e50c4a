// PageKind: what pages a region's memory has.
#pragma once

#include <cstdint>

namespace vmoffer {

enum class PageKind : uint8_t { kOrdinary, kTransparentHuge, kHugeTlb };

}  // namespace vmoffer
