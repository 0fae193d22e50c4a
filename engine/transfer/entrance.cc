#include "engine/transfer/entrance.h"

#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/sys/peer_credentials.h"
#include "engine/sys/peer_user.h"
#include "engine/transfer/admission.h"
#include "engine/transfer/asking/discovery.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// As many connections as the spare descriptors can serve, with two more to read /proc meanwhile.
constexpr size_t kLastConnections = 2;
constexpr size_t kSpares = kLastConnections * kDescriptorsOfConnection + 2;
constexpr uint32_t kNobodysNumber = 65534;
// Strangers may send descriptors and hold up their closing. Those may take up a quarter of our descriptors.
constexpr uint64_t kShareOfUnclosed = 4;
// A process that connects in a loop must not keep connected ones waiting.
constexpr int kAcceptsPerTurn = 64;

// Identifies the process if the kernel can tell it from others; otherwise only its user.
Sharer sharer_at(int socket_fd, const ProcessIdentity& peer, const Result<PeerCredentials>& credentials) {
  Sharer sharer;
  if (peer.pid != 0) {
    sharer.process = peer.unique_id != 0 ? peer.unique_id : static_cast<uint64_t>(peer.pid);
  } else {
    sharer.process = unique_id_of_peer(socket_fd);
  }
  sharer.user = credentials.is_ok() ? credentials.value().user : kNobodysNumber;
  sharer.is_own_user = credentials.is_ok() && credentials.value().user == own_user();
  return sharer;
}

// The message says whose fault it is, and what to do.
Status too_many_connections(const Room& room) {
  const std::string connections =
      " of its " + std::to_string(room.limit) + " descriptors in connections without a claim";
  if (room.verdict == Shares::Verdict::kProcessHasItsShare) {
    return Status(Code::kTooMany, "this process has " + std::to_string(room.of_process) + connections +
                                      ", which is its share; let some of them go");
  }
  return Status(Code::kTooMany, "other processes have too many" + connections + "; end them, or raise its ulimit -n");
}

}  // namespace

class Entrance::Listener : public EventHandler {
 public:
  explicit Listener(Entrance& entrance) : entrance_(entrance) {}
  void on_readable() override { entrance_.accept_some(); }

 private:
  Entrance& entrance_;
};

Entrance::Entrance(EventLoop& loop, OutgoingOffers& offers, UniqueFd listener, Admit admit)
    : loop_(loop),
      offers_(offers),
      listener_(std::move(listener)),
      admit_(std::move(admit)),
      refuses_descriptors_(refuses_descriptors(listener_.get())),
      spares_(kSpares) {}

Status Entrance::open() {
  Result<EventLoop::Token> token = loop_.add(listener_.get(), std::make_shared<Listener>(*this));
  if (!token.is_ok()) return token.status();
  listener_token_ = token.value();
  return Status();
}

void Entrance::accept_some() {
  spares_.keep();  // free descriptors first replenish the spares
  for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
    // Newcomers wait, lest they bring more descriptors that cannot be closed. Connected processes are still served.
    const size_t unclosed = waiting_to_be_closed();
    if (unclosed > 0 && unclosed >= max_descriptors() / kShareOfUnclosed) return let_newcomers_wait();
    bool is_exhausted = false;
    ForeignFd socket = accept_next(listener_.get(), refuses_descriptors_, &is_exhausted);
    if (is_exhausted) return accept_with_the_last_descriptors();
    if (!socket.is_open()) return;
    meet(std::move(socket));
  }
}

// Every process that asks gets an answer, if only that there is no room. Then the next are let in, two at a time.
void Entrance::accept_with_the_last_descriptors() {
  spares_.let_go();
  while (brief_connections_ < kLastConnections) {
    bool is_exhausted = false;
    ForeignFd socket = accept_next(listener_.get(), refuses_descriptors_, &is_exhausted);
    if (!socket.is_open()) break;
    meet(std::move(socket));
    checkpoint("source.met");
  }
  let_newcomers_wait();
}

void Entrance::let_newcomers_wait() {
  loop_.want_readable(listener_token_, false);
  loop_.cancel_call(recovery_);
  recovery_ = loop_.call_at(Clock::now() + kExhaustedDelay, [this] { recover_descriptors(); });
}

void Entrance::recover_descriptors() {
  loop_.cancel_call(std::exchange(recovery_, 0));
  spares_.keep();
  loop_.want_readable(listener_token_, true);
}

void Entrance::meet(ForeignFd socket) {
  const Result<PeerCredentials> credentials = credentials_of_peer(socket.get());
  if (!credentials.is_ok()) return;
  const int pid = credentials.value().pid;
  Result<ProcessIdentity> peer = identify_peer(socket.get(), pid);
  if (peer.status().code() == Code::kTooMany && spares_.has_any()) {
    spares_.let_go();
    peer = identify_peer(socket.get(), pid);
  }
  const bool is_out_of_sight = peer.status().code() == Code::kNoProcess;
  if (!peer.is_ok() && !is_out_of_sight) return;
  ProcessIdentity identity = is_out_of_sight ? ProcessIdentity() : peer.take();
  const Sharer sharer = sharer_at(socket.get(), identity, credentials);
  const uint64_t limit = max_descriptors();
  const Room room{
      .verdict = descriptors_.may_take(sharer, kDescriptorsOfConnection, descriptors_for_connections(limit)),
      .of_process = descriptors_.of_process(sharer),
      .lowest_free = static_cast<uint64_t>(socket.get()),
      .limit = limit,
      .has_only_spares = has_only_spares(),
      .brief_connections = brief_connections_,
      .offers_to_it = identity.pid == 0 ? 0 : offers_.count_offers_to(identity),
  };
  const Admission admission = admission_for(room);
  if (admission == Admission::kRefused) {
    const Status refusal = too_many_connections(room);
    send_packet(socket.get(), wire::encode(wire::Refused{refusal.code(), refusal.message()}));
    return;
  }
  Share share(descriptors_, sharer, kDescriptorsOfConnection);
  const bool is_brief = admission == Admission::kAnswered;
  if (admit_({std::move(socket), std::move(identity), std::move(share), is_brief}) && is_brief) ++brief_connections_;
}

// The program may have closed others since the spares were let go, and the newcomer may know.
bool Entrance::has_only_spares() {
  const bool are_in_use = !spares_.has_any();
  spares_.keep();
  if (spares_.has_all()) return false;
  if (are_in_use) spares_.let_go();
  return true;
}

void Entrance::on_brief_end() {
  --brief_connections_;
  if (recovery_ != 0) recover_descriptors();
}

bool Entrance::has_spares() {
  if (brief_connections_ == 0) spares_.keep();
  return spares_.has_all();
}

Share Entrance::share_of(int socket_fd, const ProcessIdentity& peer) {
  return {descriptors_, sharer_at(socket_fd, peer, credentials_of_peer(socket_fd)), kDescriptorsOfConnection};
}

}  // namespace vmoffer
