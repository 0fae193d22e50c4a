// UnitGrid: supplied memory in units, of which the last may be shorter. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/page_range.h"
#include "engine/wire/messages.h"

namespace vmoffer {

struct UnitGrid {
  uint64_t byte_length = 0;
  uint64_t unit_bytes = 0;

  uint64_t unit_count() const { return (byte_length + unit_bytes - 1) / unit_bytes; }
  uint64_t offset_of(uint64_t unit) const { return unit * unit_bytes; }
  uint64_t length_of(uint64_t unit) const { return std::min(unit_bytes, byte_length - offset_of(unit)); }
  wire::UnitRange bytes_of(PageRange units) const {
    const uint64_t offset = offset_of(units.first);
    return {offset, std::min(units.count * unit_bytes, byte_length - offset)};
  }
  // Empty if it is out of bounds, or not whole units.
  PageRange units_of(const wire::UnitRange& bytes) const {
    const bool is_inside = bytes.byte_offset < byte_length && bytes.byte_length <= byte_length - bytes.byte_offset;
    if (!is_inside || bytes.byte_offset % unit_bytes != 0) return {};
    const uint64_t end = bytes.byte_offset + bytes.byte_length;
    if (end % unit_bytes != 0 && end != byte_length) return {};
    return {bytes.byte_offset / unit_bytes, (bytes.byte_length + unit_bytes - 1) / unit_bytes};
  }
};

}  // namespace vmoffer
