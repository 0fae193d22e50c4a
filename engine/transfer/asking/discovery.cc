#include "engine/transfer/asking/discovery.h"

#include <algorithm>
#include <utility>

#include "engine/sys/process_numbers.h"
#include "engine/sys/random.h"

namespace vmoffer {

namespace {

// The limits of one call, which takes a few hundred microseconds; then other work gets its turn.
constexpr int kPiecesPerTurn = 4;
constexpr size_t kKnocksPerTurn = 64;
// Full queues are tried again and again, so fewer of them in one call.
constexpr size_t kBusyPerTurn = 16;

Result<BrokerListener> listen_at_slot(uint32_t slot) {
  Result<UniqueFd> socket = listen_at(broker_address({own_pid_namespace(), own_pid(), slot}));
  if (!socket.is_ok()) return socket.status();
  return BrokerListener{socket.take(), slot};
}

}  // namespace

Result<BrokerListener> listen_as_broker() {
  for (uint32_t slot = 0; slot < kOrderlySlots; ++slot) {
    Result<BrokerListener> listener = listen_at_slot(slot);
    if (listener.is_ok() || listener.status().code() != Code::kBusy) return listener;
  }
  // A squatter has taken all of them, but cannot take a number that it does not know.
  const Result<uint32_t> number = random_number();
  if (!number.is_ok()) return number.status();
  return listen_at_slot(number.value() | kOrderlySlots);
}

NameCheck::NameCheck() : own_pid_namespace_(own_pid_namespace()) {}

bool NameCheck::may_be_anybodys(const BrokerName& name) const {
  return !is_own_namespace(name) || may_be_alive(name.pid);
}

bool NameCheck::may_be_of(const BrokerName& name, int peer_pid) {
  if (is_own_namespace(name)) return name.pid == peer_pid;
  auto [found, is_new] = innermost_pids_.try_emplace(peer_pid);
  if (is_new) found->second = innermost_pid(peer_pid);
  return found->second.value_or(name.pid) == name.pid;
}

BrokerSearch::BrokerSearch(int target_pid, Effort effort, Takes takes)
    : target_pid_(target_pid),
      effort_(effort),
      takes_(takes),
      own_pid_namespace_(own_pid_namespace()),
      names_(own_pid_namespace_) {}

std::optional<BrokerConnection> BrokerSearch::try_usual() {
  Connecting connecting = connect_to(broker_address({own_pid_namespace_, target_pid_, 0}), takes_);
  if (connecting.outcome != ConnectOutcome::kConnected) return std::nullopt;
  if (pid_of_peer(connecting.socket.get()) != target_pid_) return std::nullopt;
  Result<ProcessIdentity> peer = identify_peer(connecting.socket.get(), target_pid_);
  // One that has ended had this number once. One that lives has it now.
  if (!peer.is_ok() || !is_alive(peer.value())) return std::nullopt;
  slot_ = 1;
  targets_found_ = 1;
  return BrokerConnection{std::move(connecting.socket), peer.take()};
}

BrokerSearch::Knock BrokerSearch::knock(const BrokerName& name, const ProcessIdentity& target, Found& found) {
  Connecting connecting = connect_to(broker_address(name), takes_);
  switch (connecting.outcome) {
    case ConnectOutcome::kNobody:
      return Knock::kNobody;
    case ConnectOutcome::kBusy:
      return Knock::kBusy;
    case ConnectOutcome::kFailed:
      found = {Step::kFailed, {}, std::move(connecting.status)};
      return Knock::kFailed;
    case ConnectOutcome::kConnected:
      break;
  }
  // This check comes first, so that a stranger costs little.
  if (pid_of_peer(connecting.socket.get()) != target.pid) return Knock::kStranger;
  Result<ProcessIdentity> peer = identify_peer(connecting.socket.get(), target.pid);
  if (peer.status().code() == Code::kTooMany) {
    found = {Step::kFailed, {}, peer.status()};
    return Knock::kFailed;
  }
  if (!peer.is_ok() || !is_same_process(peer.value(), target)) return Knock::kStranger;
  ++targets_found_;
  found = {Step::kConnected, BrokerConnection{std::move(connecting.socket), peer.take()}, {}};
  return Knock::kTarget;
}

// True if `found` is set, and is the result of next().
bool BrokerSearch::look_at_expected_names(const ProcessIdentity& target, Found& found) {
  while (slot_ < kOrderlySlots) {
    const BrokerName name{own_pid_namespace_, target_pid_, slot_};
    const Knock knocked = knock(name, target, found);
    if (knocked == Knock::kFailed) return true;
    ++slot_;
    if (knocked == Knock::kTarget) return true;
    // A full queue may be a stranger's, and must not hold up the search.
    if (knocked == Knock::kBusy) busy_.push_back(name);
    if (knocked != Knock::kNobody) has_met_others_ = true;
    // Copies of the library take slots in order, so after a broker and a free slot there are no more. A free slot
    // before the first broker proves nothing: a stranger may have had it, and be gone.
    if (knocked == Knock::kNobody && targets_found_ > 0) slot_ = kOrderlySlots;
  }
  return false;
}

std::optional<int> BrokerSearch::inner_pid() {
  if (!inner_pid_) inner_pid_ = innermost_pid(target_pid_);
  return *inner_pid_;
}

bool BrokerSearch::should_look_everywhere() {
  if (has_read_table_ || targets_found_ > 0) return false;
  // A process in a pid namespace of its own listens at names with the pid that it has there.
  return effort_ == Effort::kUtmost || has_met_others_ || inner_pid() != target_pid_;
}

bool BrokerSearch::may_be_meant(const BrokerName& name) {
  if (name.pid_namespace != own_pid_namespace_) return name.pid == inner_pid().value_or(name.pid);
  return name.pid == target_pid_ && name.slot >= kOrderlySlots;
}

bool BrokerSearch::look_in_table(Found& found) {
  if (!table_) {
    Result<SocketTable> table = SocketTable::open();
    if (!table.is_ok()) {
      found = {Step::kFailed, {}, table.status()};
      return true;
    }
    table_.emplace(table.take());
  }
  bool has_more = true;
  for (int piece = 0; piece < kPiecesPerTurn && has_more; ++piece) {
    std::vector<std::string> addresses;
    has_more = table_->read_some(kBrokerAddressPrefix, addresses);
    for (const std::string& address : addresses) {
      const std::optional<BrokerName> name = parse_broker_address(address);
      if (name && may_be_meant(*name)) names_.add(*name);
    }
  }
  if (has_more) return false;
  const std::vector<BrokerName> in_order = names_.take_in_order();
  others_.assign(in_order.begin(), in_order.end());
  table_.reset();
  has_read_table_ = true;
  return false;
}

bool BrokerSearch::look_at(std::deque<BrokerName>& names, const ProcessIdentity& target, Found& found) {
  const size_t most = &names == &busy_ ? kBusyPerTurn : kKnocksPerTurn;
  for (size_t left = std::min(most, names.size()); left > 0; --left) {
    const BrokerName name = names.front();
    const Knock knocked = knock(name, target, found);
    if (knocked == Knock::kFailed) return true;
    names.pop_front();
    if (knocked == Knock::kTarget) return true;
    if (knocked == Knock::kBusy) busy_.push_back(name);
  }
  return false;
}

BrokerSearch::Found BrokerSearch::next(const ProcessIdentity& target) {
  Found found{Step::kNoMore, {}, {}};
  // No process has more copies of the library.
  if (targets_found_ == kOrderlySlots) return found;
  const bool is_fresh = busy_.empty();
  if (look_at_expected_names(target, found)) return found;
  if (should_look_everywhere() && look_in_table(found)) return found;
  if (look_at(others_, target, found)) return found;
  if (!is_fresh && look_at(busy_, target, found)) return found;
  if (should_look_everywhere() || !others_.empty() || !busy_.empty()) found.step = Step::kLater;
  return found;
}

}  // namespace vmoffer
