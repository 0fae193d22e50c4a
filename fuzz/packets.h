// Packets that are nearly right: most of what random bytes get is a refusal at the first field.
#pragma once

#include <cstdint>
#include <vector>

namespace vmoffer::fuzz {

// Makes one to four changes, the same for the same seed, and then mostly puts the header right.
void mutate_packet(std::vector<uint8_t>& packet, uint32_t seed);

}  // namespace vmoffer::fuzz
