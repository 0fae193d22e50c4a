#include "engine/transfer/asking/broker_address.h"

#include <limits>

#include "engine/base/text.h"

namespace vmoffer {
namespace {

// Takes a number of at most `most` off the front, and the text `end` behind it.
std::optional<uint64_t> take_part(std::string_view& rest, uint64_t most, std::string_view end) {
  const std::optional<uint64_t> number = take_number(rest);
  if (!number || *number > most || !rest.starts_with(end)) return std::nullopt;
  rest.remove_prefix(end.size());
  return number;
}

}  // namespace

std::string broker_address_prefix(uint64_t pid_namespace, int pid) {
  return kBrokerAddressPrefix + std::to_string(pid_namespace) + "/" + std::to_string(pid) + "/";
}

std::string broker_address(const BrokerName& name) {
  return broker_address_prefix(name.pid_namespace, name.pid) + std::to_string(name.slot);
}

std::optional<BrokerName> parse_broker_address(std::string_view address) {
  constexpr std::string_view kPrefix = kBrokerAddressPrefix;
  if (!address.starts_with(kPrefix)) return std::nullopt;
  std::string_view rest = address.substr(kPrefix.size());
  const auto pid_namespace = take_part(rest, std::numeric_limits<uint64_t>::max(), "/");
  const auto pid = pid_namespace ? take_part(rest, std::numeric_limits<int>::max(), "/") : std::nullopt;
  const auto slot = pid ? take_part(rest, std::numeric_limits<uint32_t>::max(), "") : std::nullopt;
  if (!slot || !rest.empty() || *pid == 0) return std::nullopt;
  const BrokerName name{*pid_namespace, static_cast<int>(*pid), static_cast<uint32_t>(*slot)};
  // The same number could be written in more than one way.
  if (address != broker_address(name)) return std::nullopt;
  return name;
}

}  // namespace vmoffer
