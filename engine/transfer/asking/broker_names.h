// BrokerNames: at which of the names that are there to knock, and in which order. Pure. Anybody may listen at any name,
// so that one process cannot come before another by having more of them: the first name of each comes before the second
// of any, and names of this process's own pid namespace alternate with those of others.
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
  // Of each kind, those of the own namespace and those of others.
  static constexpr size_t kMaxOfOneKind = size_t{1} << 16;

  explicit BrokerNames(uint64_t own_pid_namespace) : own_pid_namespace_(own_pid_namespace) {}
  void add(const BrokerName& name);
  // Those that were too many, the ones with the highest slots of the process that the name names.
  size_t left_out() const { return left_out_; }
  // Empties it.
  std::vector<BrokerName> take_in_order();

 private:
  using Process = std::pair<uint64_t, int>;
  struct Kind {
    std::map<Process, std::vector<uint32_t>> slots;  // a heap each: the highest one first
    size_t count = 0;
  };

  static std::vector<BrokerName> in_rounds(Kind& kind);

  const uint64_t own_pid_namespace_;
  std::array<Kind, 2> kinds_;
  size_t left_out_ = 0;
};

}  // namespace vmoffer
