#include "engine/transfer/asking/broker_names.h"

#include <algorithm>

namespace vmoffer {

void BrokerNames::add(const BrokerName& name) {
  Kind& kind = kinds_.at(name.pid_namespace == own_pid_namespace_ ? 0 : 1);
  const bool is_orderly = name.slot < kOrderlySlots;
  // There are few orderly slots, and honest processes listen there, so those get twice the limit.
  if (kind.count >= kMaxOfOneKind * (is_orderly ? 2 : 1)) {
    ++left_out_;
    return;
  }
  std::vector<uint32_t>& slots = kind.slots[{name.pid_namespace, name.pid}];
  slots.push_back(name.slot);
  std::push_heap(slots.begin(), slots.end());
  ++kind.count;
  if (slots.size() <= kMaxOfOneProcess) return;
  std::pop_heap(slots.begin(), slots.end());
  slots.pop_back();
  --kind.count;
  ++left_out_;
}

std::vector<BrokerName> BrokerNames::in_rounds(Kind& kind) {
  struct Ranked {
    size_t round;
    BrokerName name;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(kind.count);
  for (auto& [process, slots] : kind.slots) {
    std::sort_heap(slots.begin(), slots.end());
    for (size_t round = 0; round < slots.size(); ++round) {
      ranked.push_back({round, {process.first, process.second, slots[round]}});
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& one, const Ranked& other) { return one.round < other.round; });
  kind = {};
  std::vector<BrokerName> names;
  names.reserve(ranked.size());
  for (const Ranked& entry : ranked) names.push_back(entry.name);
  return names;
}

std::vector<BrokerName> BrokerNames::take_in_order() {
  const std::vector<BrokerName> own = in_rounds(kinds_[0]);
  const std::vector<BrokerName> others = in_rounds(kinds_[1]);
  std::vector<BrokerName> names;
  names.reserve(own.size() + others.size());
  for (size_t i = 0; i < std::max(own.size(), others.size()); ++i) {
    if (i < own.size()) names.push_back(own[i]);
    if (i < others.size()) names.push_back(others[i]);
  }
  return names;
}

}  // namespace vmoffer
