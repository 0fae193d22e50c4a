#include "engine/transfer/claim/claimer_side.h"

#include "engine/base/checkpoint.h"
#include "engine/sys/bell.h"
#include "engine/sys/call.h"
#include "engine/sys/page_table.h"
#include "engine/transfer/claim/object_check.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// A process that ends closes its connections first; its pidfd follows when the rest of it is torn down.
constexpr std::chrono::milliseconds kPatienceWithEnd{1000};
// A source that runs answers at once. One that is stopped finds the claim taken back when it goes on.
constexpr std::chrono::milliseconds kPatienceWithAnswer{1000};

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

Result<std::unique_ptr<ClaimerSide>> ClaimerSide::begin(const ClaimRequest& request) {
  BrokerSearch search = search_for_brokers(request.source_pid);
  // Who answers at the usual name is held by its connection, and needs not be held before.
  if (std::optional<BrokerConnection> usual = search.try_usual()) {
    std::unique_ptr<ClaimerSide> side(new ClaimerSide(request, std::move(usual->process), std::move(search)));
    side->socket_ = std::move(usual->socket);
    side->ask();
    return side;
  }
  Result<ProcessIdentity> source = identify_process(request.source_pid);
  if (!source.is_ok()) return source.status();
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
      socket_ = std::move(found.socket);
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

void ClaimerSide::advance() {
  if (waiting_ == Waiting::kLater) return ask_next_broker();
  if (waiting_ != Waiting::kReadable) return;
  if (awaits_end_) return on_hang_up();
  on_packet(receive_packet(socket_.get()));
}

void ClaimerSide::on_packet(Packet packet) {
  if (packet.outcome == IoOutcome::kWouldBlock) return;
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
  if (std::holds_alternative<wire::Lease>(message.value()) && !has_acknowledged_) {
    return on_lease(std::move(packet.descriptors));
  }
  if (const auto* refused = std::get_if<wire::Refused>(&message.value())) return on_refused(*refused);
  if (std::holds_alternative<wire::Done>(message.value()) && received_.region != nullptr) return finish();
  fail(Status(Code::kProtocol, "the source sent a message out of turn"));
}

void ClaimerSide::on_hang_up() {
  // Mapped, acknowledged, and the source has died: the memory has one owner, this one. A source that lives says DONE or
  // REFUSED; the end of a process shows at its connections first, and a moment later in its pidfd.
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
  // A second copy of the library in the source may have what the first has not.
  if (!refusal_ || refusal_->code() == Code::kNotOffered) refusal_ = refusal_of(refused);
  ask_next_broker();
}

void ClaimerSide::on_lease(std::vector<ForeignFd> descriptors) {
  if (descriptors.size() != 1 || leases_.size() == wire::kMaxLeases || !is_seqpacket(descriptors.front().get())) {
    return fail(Status(Code::kProtocol, "the source sent leases that no source can have; nothing was mapped"));
  }
  leases_.push_back(std::move(descriptors.front()));
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
  // Who has declined acknowledges nothing; a source that went ahead without it says DONE.
  if (!has_declined_) acknowledge();
}

Status ClaimerSide::take_in(const wire::Terms& terms, ForeignFd descriptor) {
  Status status = check_terms(terms, request_.address, request_.kind, page_bytes());
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

Status ClaimerSide::map(const wire::Terms& terms, std::shared_ptr<MemoryObject> object) {
  holding_ = std::make_shared<Holding>(std::move(object), std::move(leases_), disowns(terms.flags));
  Result<std::shared_ptr<Region>> region = Region::map(holding_, granted_by(terms.flags));
  if (!region.is_ok()) return region.status();
  const uint64_t page_count = terms.byte_length / page_bytes();
  const Paging paging = request_.paging.of_mapped(region.value()->page_kind(), page_count);
  received_ = {region.take(), source_.pid, terms.flags, false, paging, request_.transfer, {}};
  if (paging != Paging::kUserFault) return Status();
  return received_.region->page_by(*request_.paging.pager, /*may_leave=*/!request_.paging.is_demanded);
}

// What is pulled is this process's alone, from the first page on.
Status ClaimerSide::pull(const wire::Terms& terms, std::shared_ptr<MemoryObject> object) {
  const bool consume = disowns(terms.flags) && leases_.empty() && object->is_writable();
  holding_ = std::make_shared<Holding>(nullptr);
  Result<std::shared_ptr<Region>> region = Region::pull({std::move(object), std::move(leases_), consume},
                                                        granted_by(terms.flags), holding_, request_.paging.pager);
  if (!region.is_ok()) return region.status();
  received_ = {region.take(), source_.pid, terms.flags, false, request_.paging.wanted, request_.transfer, {}};
  return Status();
}

void ClaimerSide::acknowledge() {
  checkpoint("claim.mapped");
  has_acknowledged_ = true;
  // A source that has gone, or that has decided at its deadline, shows when the connection is read.
  send_packet(socket_.get(), wire::encode(wire::Mapped{offer_id_}));
  checkpoint("claim.acknowledged");
  if (!awaits_done()) finish();
}

// A source that drops nothing can refuse nothing any more, and whatever becomes of it, the memory is here.
bool ClaimerSide::awaits_done() const {
  return request_.awaits_seal || dropped_by(received_.flags) != 0 || request_.kind == OfferKind::kChannel;
}

void ClaimerSide::finish() {
  const std::shared_ptr<MemoryObject> object = holding_->object();
  if (object != nullptr) received_.is_immutable = was_sealed_ || (awaits_done() && object->is_sealed_against_writing());
  settle(socket_);
  if (socket_.is_harmless()) bell_.set_harmless();
  received_.bell = std::move(bell_);
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
  // To let go without a word of the source could lose what it drops in this very moment: its answer decides.
  if (awaits_end_ || std::exchange(has_declined_, true)) return;
  if (has_acknowledged_) patience_ = kPatienceWithAnswer;
  send_packet(socket_.get(), wire::encode(wire::Declined{offer_id_}));
}

// Without a word of the source: it was asked for one before, or its end is waited for.
void ClaimerSide::lose_patience() { give_up(hung_up()); }

// It counts, though whoever drives this comes to read it after a deadline.
void ClaimerSide::hear_what_was_said() {
  while (waiting_ == Waiting::kReadable && !awaits_end_ && has_input(socket_.get())) advance();
  if (waiting_ == Waiting::kReadable && awaits_end_) advance();
}

Status ClaimerSide::why_undecided() const { return decorate(*why_taken_back_); }

void ClaimerSide::resume() {
  why_taken_back_.reset();
  patience_.reset();
  if (awaits_end_) patience_ = kPatienceWithEnd;
}

// The source has all it had.
void ClaimerSide::on_taken_back() {
  if (why_taken_back_) return fail(*why_taken_back_);
  received_ = {};
  holding_.reset();
  leases_.clear();
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
