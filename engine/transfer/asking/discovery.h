// discovery: finds the brokers of other processes and connects to them, without names that programs must agree on. Any
// process may listen at any number of names. So the work is done a piece at a time, and a name counts only if the
// kernel confirms which process listens there.
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

// Nothing reports when this process has a free descriptor again, or a listener's queue has room. Look again after this
// time.
inline constexpr std::chrono::milliseconds kExhaustedDelay{50};

// A connection whose peer the kernel has confirmed.
struct BrokerConnection {
  ForeignFd socket;
  ProcessIdentity process;
};

// Compares names with the processes that listen there. Belongs to one survey, so that it may cache what /proc said.
class NameCheck {
 public:
  NameCheck();
  // False if the name is of this process's pid namespace, and no process has that pid.
  bool may_be_anybodys(const BrokerName& name) const;
  // False if the process with this pid has another pid in the namespace that the name states.
  bool may_be_of(const BrokerName& name, int peer_pid);
  bool is_own_namespace(const BrokerName& name) const { return name.pid_namespace == own_pid_namespace_; }

 private:
  const uint64_t own_pid_namespace_;
  std::unordered_map<int, std::optional<int>> innermost_pids_;
};

// BrokerSearch: finds the brokers of one process, one after the other. Used by one thread at a time.
class BrokerSearch {
 public:
  enum class Step : uint8_t {
    kConnected,
    kLater,  // there is more to look at, or a broker's queue is full: call next() again a little later
    kNoMore,
    kFailed,  // the next call tries the same step again
  };
  struct Found {
    Step step = Step::kFailed;
    std::optional<BrokerConnection> broker;  // kConnected
    Status status;
  };
  enum class Effort : uint8_t {
    kUsual,   // if nothing listens at the expected names, there is no broker
    kUtmost,  // a broker may have another name even then, because others had taken the expected ones when it started
  };

  BrokerSearch(int target_pid, Effort effort, Takes takes);
  // The first of the usual names, for a caller that does not hold the target yet: the process that has its pid now
  // listens there. Where nothing comes of that nothing has changed. REQUIRES: before next().
  std::optional<BrokerConnection> try_usual();
  // REQUIRES: `target` is the process for which the search was made.
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
  std::optional<std::optional<int>> inner_pid_;  // looked up on first use
  std::optional<SocketTable> table_;
  BrokerNames names_;
  bool has_read_table_ = false;
  std::deque<BrokerName> others_;
  std::deque<BrokerName> busy_;
};

}  // namespace vmoffer
