// discovery: finds and connects to the brokers of other processes, without names that would have to be agreed on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/process.h"
#include "engine/sys/seqpacket.h"

namespace vmoffer {

struct BrokerListener {
  UniqueFd socket;
  uint32_t slot = 0;
};

// Takes the first free address of this process's brokers and listens there.
Result<BrokerListener> listen_as_broker();

// Descriptors, this process's and room in a listener's queue, may come free at any time, and nobody tells: look again
// after this.
inline constexpr std::chrono::milliseconds kExhaustedDelay{50};

// A connection whose other end the kernel has vouched for.
struct BrokerConnection {
  UniqueFd socket;
  ProcessIdentity process;
};

// Every broker that can be seen from here, each connected. Those that take no connection now are left out. kTooMany
// when this process may not have the descriptors for it.
Result<std::vector<BrokerConnection>> connect_to_all_brokers();

// BrokerSearch: the brokers of one process, one after the other. Used by one thread at a time.
class BrokerSearch {
 public:
  enum class Step : uint8_t {
    kConnected,
    kBusy,  // a broker is there but its queue is full: call next() again a little later
    kNoMore,
    kFailed,
  };
  struct Found {
    Step step = Step::kFailed;
    UniqueFd socket;
    Status status;
  };

  // Borrows the identity, which outlives the search.
  explicit BrokerSearch(const ProcessIdentity& target);
  Found next();

 private:
  enum class Knock : uint8_t { kTarget, kStranger, kNobody, kBusy, kFailed };

  Knock knock(const std::string& address, Found& found);
  Knock knock_in_order(Found& found);
  Status look_everywhere();

  const ProcessIdentity& target_;
  const std::string prefix_;
  uint32_t slot_ = 0;
  bool is_orderly_ = true;
  size_t next_other_ = 0;
  std::vector<std::string> others_;
};

}  // namespace vmoffer
