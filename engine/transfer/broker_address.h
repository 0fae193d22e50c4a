// broker_address: where brokers listen. Pure. The name says where to knock, never who answers.
#pragma once

#include <cstdint>
#include <string>

namespace vmoffer {

inline constexpr const char* kBrokerAddressPrefix = "vmoffer/";
// Copies of the library in one process take these in order; a reader stops at the first that nobody has.
inline constexpr uint32_t kOrderlySlots = 16;

// "vmoffer/<pid namespace>/<pid>/", what all brokers of one process have in common.
std::string broker_address_prefix(uint64_t pid_namespace, int pid);
std::string broker_address(uint64_t pid_namespace, int pid, uint32_t slot);

}  // namespace vmoffer
