// discovery: finds and connects to the brokers of other processes, without names that would have to be agreed on.
// Anybody may listen at any number of names, so all work is done a piece at a time, and a name is worth what the kernel
// says of who listens there.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/process.h"
#include "engine/sys/seqpacket.h"
#include "engine/sys/socket_table.h"
#include "engine/transfer/asking/broker_names.h"

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
  ForeignFd socket;
  ProcessIdentity process;
};

// Compares names with those who listen there. One survey's, so that it may remember what /proc has said.
class NameCheck {
 public:
  NameCheck();
  // False when the name is of this process's pid namespace, and nothing has that pid.
  bool may_be_anybodys(const BrokerName& name) const;
  // False when the process with this pid has another one where the name says it lives.
  bool may_be_of(const BrokerName& name, int peer_pid);
  bool is_own_namespace(const BrokerName& name) const { return name.pid_namespace == own_pid_namespace_; }

 private:
  const uint64_t own_pid_namespace_;
  std::unordered_map<int, std::optional<int>> innermost_pids_;
};

// BrokerSearch: the brokers of one process, one after the other. Used by one thread at a time.
class BrokerSearch {
 public:
  enum class Step : uint8_t {
    kConnected,
    kLater,  // there is more to be looked at, or a broker is there but its queue is full: call next() a little later
    kNoMore,
    kFailed,  // the next call tries the same again
  };
  struct Found {
    Step step = Step::kFailed;
    ForeignFd socket;
    Status status;
  };
  enum class Effort : uint8_t {
    kUsual,   // where nothing at all listens at the names that are to be expected, there is no broker
    kUtmost,  // a broker may have another name even so, because others had taken those when it began
  };

  BrokerSearch(int target_pid, Effort effort, Takes takes);
  // The first of the usual names, for a caller that does not hold the target yet: the process that has its pid now
  // listens there. Where nothing comes of that nothing has changed. REQUIRES: before next().
  std::optional<BrokerConnection> try_usual();
  // REQUIRES: the process that was meant when the search was made.
  Found next(const ProcessIdentity& target);

 private:
  enum class Knock : uint8_t { kTarget, kStranger, kNobody, kBusy, kFailed };

  Knock knock(const BrokerName& name, const ProcessIdentity& target, Found& found);
  bool look_at_expected_names(const ProcessIdentity& target, Found& found);
  bool look_in_table(Found& found);
  bool look_at(std::deque<BrokerName>& names, const ProcessIdentity& target, Found& found);
  bool should_look_everywhere();
  bool may_be_meant(const BrokerName& name);
  std::optional<int> inner_pid();

  const int target_pid_;
  const Effort effort_;
  const Takes takes_;
  const uint64_t own_pid_namespace_;
  uint32_t slot_ = 0;
  size_t targets_found_ = 0;
  bool has_met_others_ = false;
  std::optional<std::optional<int>> inner_pid_;  // asked for when it matters
  std::optional<SocketTable> table_;
  BrokerNames names_;
  bool has_read_table_ = false;
  std::deque<BrokerName> others_;
  std::deque<BrokerName> busy_;
};

}  // namespace vmoffer
