#include "engine/transfer/claim/claimer_side.h"

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/supply/supply_thread.h"
#include "engine/sys/bell.h"
#include "engine/sys/call.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "engine/transfer/claim/object_check.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// A process that ends closes its connections first. Its pidfd reports the end when the rest has been torn down.
constexpr std::chrono::milliseconds kPatienceWithEnd{1000};
// A source that runs answers at once. A stopped source finds DECLINED when it continues.
constexpr std::chrono::milliseconds kPatienceWithAnswer{1000};
// Supplied memory that is brought wholly, where no pager answers faults.
constexpr uint64_t kMostFilledAtOnce = 1024 * kMiB;

// A resource error from the source is the source's. The message says so, or users raise the wrong limit.
Status refusal_of(const wire::Refused& refused) {
  const bool is_lack = refused.code == Code::kTooMany || refused.code == Code::kNoMemory;
  return Status(refused.code, (is_lack ? "at the source: " : "") + refused.message);
}

BrokerSearch search_for_brokers(int pid) { return {pid, BrokerSearch::Effort::kUtmost, Takes::kDescriptors}; }

Status hung_up() {
  return Status(Code::kPeerGone, "the source hung up without a word after this process had acknowledged the claim");
}

}  // namespace

// Who answers there is held by its connection, and needs not be held before.
std::unique_ptr<ClaimerSide> ClaimerSide::begin_at_usual_name(const ClaimRequest& request) {
  BrokerSearch search = search_for_brokers(request.source_pid);
  std::optional<BrokerConnection> usual = search.try_usual();
  if (!usual) return nullptr;
  std::unique_ptr<ClaimerSide> side(new ClaimerSide(request, std::move(usual->process), std::move(search)));
  side->socket_ = std::move(usual->socket);
  side->ask();
  return side;
}

Result<std::unique_ptr<ClaimerSide>> ClaimerSide::begin(const ClaimRequest& request) {
  if (std::unique_ptr<ClaimerSide> side = begin_at_usual_name(request)) return side;
  Result<ProcessIdentity> source = identify_process(request.source_pid);
  if (!source.is_ok()) return source.status();
  BrokerSearch search = search_for_brokers(request.source_pid);
  std::unique_ptr<ClaimerSide> side(new ClaimerSide(request, source.take(), std::move(search)));
  side->ask_next_broker();
  return side;
}

ClaimerSide::ClaimerSide(const ClaimRequest& request, ProcessIdentity source, BrokerSearch search)
    : request_(request), source_(std::move(source)), search_(std::move(search)) {}

ClaimerSide::~ClaimerSide() {
  if (waiting_ != Waiting::kNot) fail(Status(Code::kTimeout, "the process lets go of the claim"));
}

void ClaimerSide::ask_next_broker() {
  BrokerSearch::Found found = search_->next(source_);
  switch (found.step) {
    case BrokerSearch::Step::kLater:
      waiting_ = Waiting::kLater;
      return;
    case BrokerSearch::Step::kFailed:
      fail(found.status);
      return;
    case BrokerSearch::Step::kConnected:
      socket_ = std::move(found.broker->socket);
      ask();
      return;
    case BrokerSearch::Step::kNoMore:
      break;
  }
  if (refusal_) return fail(*refusal_);
  if (!is_alive(source_)) return fail(Status(Code::kPeerGone, "the source process has ended; the offer went with it"));
  fail(Status(
      Code::kNotOffered,
      "the source process offers nothing that can be seen from here (it does not use vmoffer, or it is in another "
      "network namespace)"));
}

void ClaimerSide::ask() {
  checkpoint("claim.ask");
  waiting_ = Waiting::kReadable;
  // The first packet on a new connection always has room; a hang-up shows when the answer is read.
  send_packet(socket_.get(), wire::encode(wire::Claim{request_.address, request_.transfer}));
}

bool ClaimerSide::has_come() {
  if (awaits_end_) return !is_alive(source_);
  if (heard_) return true;
  Packet packet = receive_packet(socket_.get());
  if (packet.outcome == IoOutcome::kWouldBlock) return false;
  heard_.emplace(std::move(packet));
  return true;
}

void ClaimerSide::advance() {
  if (waiting_ == Waiting::kLater) return ask_next_broker();
  if (waiting_ != Waiting::kReadable || !has_come()) return;
  if (awaits_end_) return on_hang_up();
  Packet packet = std::move(*heard_);
  heard_.reset();
  on_packet(std::move(packet));
}

void ClaimerSide::on_packet(Packet packet) {
  if (packet.outcome == IoOutcome::kClosed) return on_hang_up();
  if (packet.outcome == IoOutcome::kFailed) {
    return fail(Status(Code::kPeerGone, "the connection to the source broke", packet.error_number, "recvmsg"));
  }
  if (packet.lacked_descriptors) {
    return fail(os_error(EMFILE, "recvmsg", "could not take the descriptor that the source has sent"));
  }
  if (packet.was_cut) return fail(Status(Code::kProtocol, "the source's message did not fit: it sent too much"));
  Result<wire::Message> message = wire::decode(packet.bytes);
  if (!message.is_ok()) return fail(message.status());
  if (const auto* terms = std::get_if<wire::Terms>(&message.value()); terms != nullptr && !has_acknowledged_) {
    return on_terms(*terms, std::move(packet.descriptors));
  }
  if (const auto* supply = std::get_if<wire::Supply>(&message.value()); supply != nullptr && !has_acknowledged_) {
    return on_supply(*supply);
  }
  if (std::holds_alternative<wire::Lease>(message.value()) && !has_acknowledged_) {
    return on_lease(std::move(packet.descriptors));
  }
  if (const auto* refused = std::get_if<wire::Refused>(&message.value())) return on_refused(*refused);
  if (std::holds_alternative<wire::Done>(message.value()) && received_.region != nullptr) return finish();
  fail(Status(Code::kProtocol, "the source sent a message out of turn"));
}

void ClaimerSide::on_hang_up() {
  // After the acknowledgement a live source answers DONE or REFUSED. If it has died, this process is the only owner of
  // the memory. The end of a process shows at its connections first, and a moment later in its pidfd.
  if (has_acknowledged_) {
    if (!is_alive(source_)) return finish();
    if (!std::exchange(awaits_end_, true)) patience_ = kPatienceWithEnd;
    return;
  }
  if (has_declined_) return on_taken_back();
  fail(
      Status(Code::kPeerGone, "the source hung up in the middle of the claim; its offer may still stand, claim again"));
}

void ClaimerSide::on_refused(const wire::Refused& refused) {
  if (has_declined_) return on_taken_back();
  if (has_acknowledged_) return fail(refusal_of(refused));
  hang_up(socket_);
  leases_.clear();
  supply_.reset();
  line_.reset();
  // A second copy of the library in the source may have an offer that the first does not have.
  if (!refusal_ || refusal_->code() == Code::kNotOffered) refusal_ = refusal_of(refused);
  ask_next_broker();
}

void ClaimerSide::on_lease(std::vector<ForeignFd> descriptors) {
  if (descriptors.size() != 1 || leases_.size() == wire::kMaxLeases || !is_seqpacket(descriptors.front().get())) {
    return fail(Status(Code::kProtocol, "the source sent leases that no source can have; nothing was mapped"));
  }
  leases_.push_back(std::move(descriptors.front()));
}

void ClaimerSide::on_supply(const wire::Supply& supply) {
  if (supply_) return fail(Status(Code::kProtocol, "the source sent a message out of turn"));
  supply_ = supply;
}

void ClaimerSide::on_terms(const wire::Terms& terms, std::vector<ForeignFd> descriptors) {
  checkpoint("claim.terms");
  offer_id_ = terms.offer_id;
  if (descriptors.size() != 1) {
    return fail(Status(Code::kProtocol, "the source sent " + std::to_string(descriptors.size()) +
                                            " descriptors where one belongs; nothing was mapped"));
  }
  Status status = take_in(terms, std::move(descriptors.front()));
  if (!status.is_ok()) return fail(status);
  // A claim that was declined is not acknowledged. If the source went ahead all the same, it sends DONE.
  if (has_declined_) return;
  // What is acknowledged uses the offer up, although nobody would take the memory.
  if (is_left()) return give_up(Status(Code::kTimeout, "the thread that claimed has ended"));
  acknowledge();
}

Status ClaimerSide::take_in(const wire::Terms& terms, ForeignFd descriptor) {
  Status status = supply_ ? prepare_supply(terms) : check_terms(terms, request_.address, request_.kind, page_bytes());
  if (!status.is_ok()) return status;
  if (request_.kind == OfferKind::kChannel) {
    Result<Bell> bell = Bell::of(socket_);
    if (!bell.is_ok()) return bell.status();
    bell_ = bell.take();
  }
  const ObjectFacts facts = inspect_object(descriptor.get());
  status = check_object(facts, terms, request_.transfer, request_.takes_pool_pages);
  if (!status.is_ok()) return status;
  was_sealed_ = facts.sealed_write;
  std::shared_ptr<MemoryObject> object = MemoryObject::adopt(descriptor.take_verified(), facts);
  return request_.transfer == wire::Transfer::kPull ? pull(terms, std::move(object)) : map(terms, std::move(object));
}

Status ClaimerSide::prepare_supply(const wire::Terms& terms) {
  Status status = check_supply(*supply_, terms);
  if (!status.is_ok()) return status;
  wire::Terms plain = terms;
  plain.flags &= ~kSupplied;
  status = check_terms(plain, request_.address, request_.kind, page_bytes());
  if (!status.is_ok()) return status;
  if (!leases_.empty()) return Status(Code::kProtocol, "the source passes on supplied memory, which nobody can");
  const auto is_refused = [](const char* rule) { return Status(Code::kUnsupported, rule); };
  if (request_.transfer == wire::Transfer::kPull) {
    return is_refused(
        "the memory is supplied: its pages are brought when they are touched, and cannot be pulled; claim "
        "it with { transfer: 'map' }");
  }
  if (source_.pid == own_pid()) {
    return is_refused(
        "the memory is supplied by this process itself, whose thread could wait for itself; read it in "
        "another process");
  }
  if (request_.paging.pager == nullptr && terms.byte_length > kMostFilledAtOnce) {
    return is_refused(
        "supplied memory of more than 1 GiB needs page faults, which this process cannot answer or was "
        "told not to: all of it would have to be there first. Run 'vmoffer doctor' for the cause");
  }
  Result<EventLoop*> loop = supply_loop();
  if (!loop.is_ok()) return loop.status();
  Result<std::shared_ptr<SupplyLine>> line = SupplyLine::of(*loop.value(), socket_);
  if (!line.is_ok()) return line.status();
  line_ = line.take();
  return Status();
}

// Who cannot answer page faults has all of it brought before anybody touches it: the kernel has zeros for a hole.
Status ClaimerSide::be_supplied(uint64_t byte_length) {
  Result<EventLoop*> loop = supply_loop();
  if (!loop.is_ok()) return loop.status();
  const SuppliedClaim::Facts facts{byte_length, supply_->unit_bytes, std::chrono::milliseconds(supply_->timeout_ms),
                                   source_.pid, request_.on_supply_failure};
  received_.is_to_be_filled = request_.paging.pager == nullptr;
  received_.paging = received_.is_to_be_filled ? Paging::kEager : Paging::kUserFault;
  return received_.region->supply_by(std::make_shared<SuppliedClaim>(*loop.value(), facts), request_.paging.pager);
}

Status ClaimerSide::map(const wire::Terms& terms, std::shared_ptr<MemoryObject> object) {
  holding_ = std::make_shared<Holding>(std::move(object), std::move(leases_), disowns(terms.flags));
  Result<std::shared_ptr<Region>> region = Region::map(holding_, granted_by(terms.flags));
  if (!region.is_ok()) return region.status();
  const Paging paging = request_.paging.of_mapped(region.value()->page_kind(), terms.byte_length);
  received_ = {region.take(), source_.pid, terms.flags, false, paging, request_.transfer, {}, false};
  if (supply_) return be_supplied(terms.byte_length);
  if (paging != Paging::kUserFault) return Status();
  return received_.region->page_by(*request_.paging.pager, /*may_leave=*/!request_.paging.is_demanded);
}

// Pulled memory belongs to this process alone, from the first page on.
Status ClaimerSide::pull(const wire::Terms& terms, std::shared_ptr<MemoryObject> object) {
  const bool consume = disowns(terms.flags) && leases_.empty() && object->is_writable();
  holding_ = std::make_shared<Holding>(nullptr);
  Result<std::shared_ptr<Region>> region = Region::pull({std::move(object), std::move(leases_), consume},
                                                        granted_by(terms.flags), holding_, request_.paging.pager);
  if (!region.is_ok()) return region.status();
  received_ = {region.take(), source_.pid, terms.flags, false, request_.paging.wanted, request_.transfer, {}, false};
  return Status();
}

void ClaimerSide::acknowledge() {
  checkpoint("claim.mapped");
  has_acknowledged_ = true;
  // A failure does not matter: reading the connection shows if the source is gone, or has decided at its deadline.
  send_packet(socket_.get(), wire::encode(wire::Mapped{offer_id_}));
  checkpoint("claim.acknowledged");
  if (!awaits_done()) finish();
}

// If the source drops nothing, it cannot refuse any more. Whatever becomes of it, the memory is here.
bool ClaimerSide::awaits_done() const {
  return request_.awaits_seal || dropped_by(received_.flags) != 0 || request_.kind == OfferKind::kChannel ||
         supply_.has_value();
}

void ClaimerSide::finish() {
  const std::shared_ptr<MemoryObject> object = holding_->object();
  if (object != nullptr) received_.is_immutable = was_sealed_ || (awaits_done() && object->is_sealed_against_writing());
  settle(socket_);
  if (socket_.is_harmless()) bell_.set_harmless();
  received_.bell = std::move(bell_);
  if (line_ != nullptr) received_.region->supplied()->start(std::move(line_));
  holding_->set_connection(std::move(socket_));
  holding_.reset();
  waiting_ = Waiting::kNot;
}

void ClaimerSide::give_up(Status why) {
  if (waiting_ == Waiting::kLater) return fail(why);  // nothing has been asked
  hear_what_was_said();
  if (waiting_ == Waiting::kNot || patience_) return;
  if (!why_taken_back_) why_taken_back_ = awaits_end_ ? hung_up() : std::move(why);
  if (awaits_end_ && !may_be_ending(source_)) return fail(*why_taken_back_);
  // Wait for the source's answer: it may be dropping the memory at this moment, and then nobody would have it.
  if (awaits_end_ || std::exchange(has_declined_, true)) return;
  if (has_acknowledged_) patience_ = kPatienceWithAnswer;
  send_packet(socket_.get(), wire::encode(wire::Declined{offer_id_}));
}

// Comes after DECLINED was sent, or while the end of the source's process is awaited, so that nothing is left to ask.
void ClaimerSide::lose_patience() { give_up(hung_up()); }

// Messages that the source sent in time count, even if the driver reads them after a deadline.
void ClaimerSide::hear_what_was_said() {
  while (waiting_ == Waiting::kReadable && has_come()) advance();
}

Status ClaimerSide::why_undecided() const { return decorate(*why_taken_back_); }

void ClaimerSide::resume(const ClaimRequest& request) {
  request_.is_left = request.is_left;
  why_taken_back_.reset();
  patience_.reset();
  if (awaits_end_) patience_ = kPatienceWithEnd;
}

// The source still has everything.
void ClaimerSide::on_taken_back() {
  if (why_taken_back_) return fail(*why_taken_back_);
  received_ = {};
  holding_.reset();
  leases_.clear();
  supply_.reset();
  line_.reset();
  bell_.close();
  hang_up(socket_);
  refusal_.reset();
  has_acknowledged_ = false;
  has_declined_ = false;
  search_.emplace(search_for_brokers(source_.pid));
  ask_next_broker();
}

void ClaimerSide::fail(const Status& status) {
  status_ = decorate(status);
  waiting_ = Waiting::kNot;
  received_.region.reset();
  holding_.reset();
  if (socket_.is_open() && !has_acknowledged_ && !has_declined_) {
    send_packet(socket_.get(), wire::encode(wire::Declined{offer_id_}));
  }
  line_.reset();
  bell_.close();
  hang_up(socket_);
}

Status ClaimerSide::decorate(const Status& status) const {
  char address[32];
  std::snprintf(address, sizeof address, "0x%llx", static_cast<unsigned long long>(request_.address));
  return Status(status.code(),
                "cannot claim " + std::string(address) + " of process " + std::to_string(request_.source_pid) + ": " +
                    status.message(),
                status.error_number(), status.syscall());
}

Result<ReceivedClaim> ClaimerSide::take() {
  if (received_.region == nullptr) return status_;
  return std::move(received_);
}

}  // namespace vmoffer
