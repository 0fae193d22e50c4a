// BrokerNames: in which order to try the names of brokers. Pure. Any process may listen at any number of names. To give
// none an advantage for having more, the first name of each process comes before the second of any, and names of this
// process's own pid namespace alternate with those of others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/transfer/asking/broker_address.h"

namespace vmoffer {

class BrokerNames {
 public:
  static constexpr size_t kMaxOfOneProcess = 1024;
  // The limit for names of the own namespace, and for names of others.
  static constexpr size_t kMaxOfOneKind = size_t{1} << 16;

  explicit BrokerNames(uint64_t own_pid_namespace) : own_pid_namespace_(own_pid_namespace) {}
  void add(const BrokerName& name);
  // How many were dropped because there were too many: of one process, those with the highest slots.
  size_t left_out() const { return left_out_; }
  // Empties it.
  std::vector<BrokerName> take_in_order();

 private:
  using Process = std::pair<uint64_t, int>;
  struct Kind {
    std::map<Process, std::vector<uint32_t>> slots;  // each is a heap, the highest slot first
    size_t count = 0;
  };

  static std::vector<BrokerName> in_rounds(Kind& kind);

  const uint64_t own_pid_namespace_;
  std::array<Kind, 2> kinds_;
  size_t left_out_ = 0;
};

}  // namespace vmoffer
