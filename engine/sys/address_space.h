// address_space: whether this process could map more. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoffer {

// So much private memory, in so many pieces. True at this moment: nothing is kept.
bool has_address_space(uint64_t byte_length, size_t piece_count);

}  // namespace vmoffer
