// broker_address: where brokers listen. Pure. The name says where to knock, never who answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmoffer {

inline constexpr const char* kBrokerAddressPrefix = "vmoffer/";
// Copies of the library in one process take these in order; a reader stops at the first that nobody has.
inline constexpr uint32_t kOrderlySlots = 16;

struct BrokerName {
  uint64_t pid_namespace = 0;
  int pid = 0;  // in that namespace
  uint32_t slot = 0;
};

// "vmoffer/<pid namespace>/<pid>/", what all brokers of one process have in common.
std::string broker_address_prefix(uint64_t pid_namespace, int pid);
std::string broker_address(const BrokerName& name);
// Nothing unless it is, to the letter, what broker_address makes.
std::optional<BrokerName> parse_broker_address(std::string_view address);

}  // namespace vmoffer
