// IncomingOffer: an offer to this process, as the other process describes it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/sys/process.h"
#include "engine/wire/messages.h"

namespace vmoffer {

struct IncomingOffer {
  int source_pid = 0;
  uint64_t offer_id = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t flags = 0;
};

inline IncomingOffer incoming(int source_pid, const wire::OfferLine& line) {
  return {source_pid, line.offer_id, line.address, line.byte_length, line.flags};
}

// The process that an offer came from. A pid alone may belong to another process later.
struct SourceKey {
  uint64_t unique_id = 0;
  int pid = 0;
  auto operator<=>(const SourceKey&) const = default;
};

inline SourceKey key_of(const ProcessIdentity& process) { return {process.unique_id, process.pid}; }

// True if a source may have one more: no source may have more of the whole than it leaves for others.
constexpr bool leaves_enough(size_t own, size_t all, size_t most_of_all) { return all + own < most_of_all; }

}  // namespace vmoffer
