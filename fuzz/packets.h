// Packets that are nearly right. Random bytes are mostly refused at the first field.
#pragma once

#include <cstdint>
#include <vector>

namespace vmoffer::fuzz {

// Makes one to four changes, the same for the same seed, and then mostly corrects the header.
void mutate_packet(std::vector<uint8_t>& packet, uint32_t seed);

}  // namespace vmoffer::fuzz
