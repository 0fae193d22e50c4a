// ClaimerSide: the claimer's side of one claim, as steps that never block. Its driver waits between the steps, in a
// loop of its own or in the broker's. claim.h shows its states. Used by one thread at a time.
//
// A claim that is given up sends DECLINED, and the source decides the outcome. Either the offer stands again (REFUSED,
// or a hang-up before the acknowledgement), or it was too late (DONE, or the source's end after the acknowledgement)
// and the memory is here. A source may be stopped for any length of time. A driver that loses patience leaves the claim
// to UndecidedClaims, which waits on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/base/status.h"
#include "engine/sys/process.h"
#include "engine/sys/seqpacket.h"
#include "engine/transfer/asking/discovery.h"
#include "engine/transfer/claim/claim.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class ClaimerSide {
 public:
  enum class Waiting : uint8_t {
    kReadable,  // call advance() when fd() is readable
    kLater,     // call advance() after a few milliseconds: the source's queue is full
    kNot,       // finished: take()
  };

  // kNoProcess if there is no such process.
  static Result<std::unique_ptr<ClaimerSide>> begin(const ClaimRequest& request);
  // Null if the source has no broker there. A search among thousands of names takes milliseconds, so it is for a thread
  // that may take as long.
  static std::unique_ptr<ClaimerSide> begin_at_usual_name(const ClaimRequest& request);

  Waiting waiting() const { return waiting_; }
  int fd() const { return awaits_end_ ? source_.pidfd.get() : socket_.get(); }
  // Whether there is something to go on with. What has come is kept for advance(). REQUIRES: waiting() == kReadable.
  bool has_come();
  void advance();
  // Takes the claim back. Messages that the source sent before count. Afterwards the claim is finished, or
  // take_patience() has a time, or it is undecided: then the driver leaves it to UndecidedClaims.
  void give_up(Status why);
  // Call this when nothing has come for as long as take_patience() said.
  void lose_patience();
  // How long to wait from now on before lose_patience(), if that has changed.
  std::optional<std::chrono::milliseconds> take_patience() { return std::exchange(patience_, std::nullopt); }
  // The claim was given up, and the source has not said how it ends.
  bool is_undecided() const { return waiting_ == Waiting::kReadable && !patience_ && (has_declined_ || awaits_end_); }
  // The error for a caller whose claim stays undecided. REQUIRES: is_undecided(), after give_up().
  Status why_undecided() const;
  // A caller wants the memory again: if the claim was taken back in time, it is made anew.
  void resume(const ClaimRequest& request);
  const ClaimRequest& request() const { return request_; }
  // REQUIRES: waiting() == kNot. Once.
  Result<ReceivedClaim> take();

  ~ClaimerSide();
  ClaimerSide(const ClaimerSide&) = delete;
  ClaimerSide& operator=(const ClaimerSide&) = delete;

 private:
  ClaimerSide(const ClaimRequest& request, ProcessIdentity source, BrokerSearch search);

  void ask_next_broker();
  void ask();
  void on_packet(Packet packet);
  void on_hang_up();
  void on_supply(const wire::Supply& supply);
  void on_lease(std::vector<ForeignFd> descriptors);
  void on_terms(const wire::Terms& terms, std::vector<ForeignFd> descriptors);
  void on_refused(const wire::Refused& refused);
  Status take_in(const wire::Terms& terms, ForeignFd descriptor);
  Status prepare_supply(const wire::Terms& terms);
  Status be_supplied(uint64_t byte_length);
  Status map(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  Status pull(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  void acknowledge();
  bool awaits_done() const;
  void hear_what_was_said();
  bool is_left() const { return request_.is_left != nullptr && *request_.is_left; }
  void on_taken_back();
  void finish();
  void fail(const Status& status);
  Status decorate(const Status& status) const;

  ClaimRequest request_;
  const ProcessIdentity source_;
  std::optional<BrokerSearch> search_;
  Waiting waiting_ = Waiting::kLater;
  ForeignFd socket_;
  std::optional<Packet> heard_;
  bool has_acknowledged_ = false;
  bool awaits_end_ = false;  // the source has hung up, and its process is expected to end
  bool has_declined_ = false;
  std::optional<Status> why_taken_back_;  // none if a caller wants the memory again
  std::optional<std::chrono::milliseconds> patience_;
  uint64_t offer_id_ = 0;
  bool was_sealed_ = false;        // against writing, when it came; the source seals more before it says DONE
  std::optional<Status> refusal_;  // the most telling answer of the brokers asked so far
  std::vector<ForeignFd> leases_;
  std::optional<wire::Supply> supply_;
  std::shared_ptr<SupplyLine> line_;  // of supplied memory
  Bell bell_;                         // open for a channel
  std::shared_ptr<Holding> holding_;
  ReceivedClaim received_;
  Status status_;
};

}  // namespace vmoffer
