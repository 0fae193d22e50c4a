#include "engine/transfer/broker_address.h"

namespace vmoffer {

std::string broker_address_prefix(uint64_t pid_namespace, int pid) {
  return kBrokerAddressPrefix + std::to_string(pid_namespace) + "/" + std::to_string(pid) + "/";
}

std::string broker_address(uint64_t pid_namespace, int pid, uint32_t slot) {
  return broker_address_prefix(pid_namespace, pid) + std::to_string(slot);
}

}  // namespace vmoffer
