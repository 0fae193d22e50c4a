#include "engine/transfer/discovery.h"

#include "engine/sys/random.h"
#include "engine/transfer/broker_address.h"

namespace vmoffer {

namespace {

Result<BrokerListener> listen_at_slot(uint32_t slot) {
  Result<UniqueFd> socket = listen_at(broker_address(own_pid_namespace(), own_pid(), slot));
  if (!socket.is_ok()) return socket.status();
  return BrokerListener{socket.take(), slot};
}

}  // namespace

Result<BrokerListener> listen_as_broker() {
  for (uint32_t slot = 0; slot < kOrderlySlots; ++slot) {
    Result<BrokerListener> listener = listen_at_slot(slot);
    if (listener.is_ok() || listener.status().code() != Code::kBusy) return listener;
  }
  // Somebody squats on all of them: nobody can squat on numbers that he does not know.
  const Result<uint32_t> number = random_number();
  if (!number.is_ok()) return number.status();
  return listen_at_slot(number.value() | kOrderlySlots);
}

Result<std::vector<BrokerConnection>> connect_to_all_brokers() {
  Result<std::vector<std::string>> addresses = listening_addresses(kBrokerAddressPrefix);
  if (!addresses.is_ok()) return addresses.status();
  std::vector<BrokerConnection> brokers;
  for (const std::string& address : addresses.value()) {
    Connecting connecting = connect_to(address);
    if (connecting.status.code() == Code::kTooMany) return connecting.status;
    if (connecting.outcome != ConnectOutcome::kConnected) continue;
    Result<ProcessIdentity> process = identify_peer(connecting.socket.get());
    if (process.status().code() == Code::kTooMany) return process.status();
    if (process.is_ok()) brokers.push_back({std::move(connecting.socket), process.take()});
  }
  return brokers;
}

BrokerSearch::BrokerSearch(const ProcessIdentity& target)
    : target_(target), prefix_(broker_address_prefix(own_pid_namespace(), target.pid)) {}

BrokerSearch::Knock BrokerSearch::knock(const std::string& address, Found& found) {
  Connecting connecting = connect_to(address);
  switch (connecting.outcome) {
    case ConnectOutcome::kNobody:
      return Knock::kNobody;
    case ConnectOutcome::kBusy:
      found.step = Step::kBusy;
      return Knock::kBusy;
    case ConnectOutcome::kFailed:
      found = {Step::kFailed, {}, std::move(connecting.status)};
      return Knock::kFailed;
    case ConnectOutcome::kConnected:
      break;
  }
  Result<ProcessIdentity> peer = identify_peer(connecting.socket.get());
  if (peer.status().code() == Code::kTooMany) {
    found = {Step::kFailed, {}, peer.status()};
    return Knock::kFailed;
  }
  if (!peer.is_ok() || !is_same_process(peer.value(), target_)) return Knock::kStranger;
  found = {Step::kConnected, std::move(connecting.socket), {}};
  return Knock::kTarget;
}

BrokerSearch::Knock BrokerSearch::knock_in_order(Found& found) {
  const Knock knocked = knock(prefix_ + std::to_string(slot_), found);
  if (knocked == Knock::kTarget || knocked == Knock::kStranger) ++slot_;
  // A process in a namespace of its own listens under the number that it has there.
  const bool is_elsewhere = knocked == Knock::kNobody && may_have_inner_pid(target_.pid);
  const Status looked = is_elsewhere || slot_ == kOrderlySlots ? look_everywhere() : Status();
  if (!looked.is_ok()) {
    found = {Step::kFailed, {}, looked};
    return Knock::kFailed;
  }
  if (knocked == Knock::kNobody || slot_ == kOrderlySlots) is_orderly_ = false;
  return knocked;
}

BrokerSearch::Found BrokerSearch::next() {
  Found found{Step::kNoMore, {}, {}};
  while (is_orderly_) {
    const Knock knocked = knock_in_order(found);
    if (knocked != Knock::kStranger && knocked != Knock::kNobody) return found;
  }
  while (next_other_ < others_.size()) {
    const Knock knocked = knock(others_[next_other_++], found);
    // Among all there are, a full queue is most likely a stranger's: it must not hold up the search.
    if (knocked == Knock::kTarget || knocked == Knock::kFailed) return found;
  }
  return {Step::kNoMore, {}, {}};
}

Status BrokerSearch::look_everywhere() {
  Result<std::vector<std::string>> addresses = listening_addresses(kBrokerAddressPrefix);
  if (!addresses.is_ok()) return addresses.status();
  for (std::string& address : addresses.value()) {
    bool was_tried = false;
    for (uint32_t slot = 0; slot < slot_; ++slot) was_tried |= address == prefix_ + std::to_string(slot);
    if (!was_tried) others_.push_back(std::move(address));
  }
  return Status();
}

}  // namespace vmoffer
