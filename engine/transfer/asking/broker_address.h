// broker_address: the addresses at which brokers listen. Pure. An address says where to connect, and proves nothing
// about the process that listens there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmoffer {

inline constexpr const char* kBrokerAddressPrefix = "vmoffer/";
// Copies of the library in one process take these in order. A search stops at the first one that is free.
inline constexpr uint32_t kOrderlySlots = 16;

struct BrokerName {
  uint64_t pid_namespace = 0;
  int pid = 0;  // in that namespace
  uint32_t slot = 0;
};

// "vmoffer/<pid namespace>/<pid>/": the prefix that all brokers of one process share.
std::string broker_address_prefix(uint64_t pid_namespace, int pid);
std::string broker_address(const BrokerName& name);
// Nothing unless the address is exactly one that broker_address makes.
std::optional<BrokerName> parse_broker_address(std::string_view address);

}  // namespace vmoffer
