// PageKind: the kind of pages of a region's memory.
#pragma once

#include <cstdint>

namespace vmoffer {

enum class PageKind : uint8_t { kOrdinary, kTransparentHuge, kHugeTlb };

}  // namespace vmoffer
