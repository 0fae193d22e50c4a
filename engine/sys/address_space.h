// address_space: whether this process could map more. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoffer {

// Whether the process could map this much private memory, in this many pieces, at this moment. Reserves nothing.
bool has_address_space(uint64_t byte_length, size_t piece_count);

}  // namespace vmoffer
