// ClaimerSide: the claimer's side of one claim, as steps that never block. Whoever drives it waits between the steps,
// in a loop of its own or in the broker's. Its states: claim.h. Used by one thread at a time.
//
// A claim that is given up says DECLINED, and what comes of it is the source's to say: the offer stands again (REFUSED,
// or a hang-up before the acknowledgement), or it was too late (DONE, or the source's end after the acknowledgement)
// and the memory is here. A source may be stopped for any length of time: whoever has lost patience leaves the claim to
// UndecidedClaims, which waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/base/status.h"
#include "engine/sys/process.h"
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

  // kNoProcess when there is no such process.
  static Result<std::unique_ptr<ClaimerSide>> begin(const ClaimRequest& request);

  Waiting waiting() const { return waiting_; }
  int fd() const { return awaits_end_ ? source_.pidfd.get() : socket_.get(); }
  void advance();
  // Takes the claim back. Afterwards it is finished, or there is a patience to take, or it is undecided: then
  // whoever drives it leaves it to UndecidedClaims. What the source has said before counts.
  void give_up(Status why);
  // The same when nothing has come for as long as take_patience() said.
  void lose_patience();
  // How long to wait from now on, when that has changed; then lose_patience().
  std::optional<std::chrono::milliseconds> take_patience() { return std::exchange(patience_, std::nullopt); }
  // Given up, and the source has not said what comes of it.
  bool is_undecided() const { return waiting_ == Waiting::kReadable && !patience_ && (has_declined_ || awaits_end_); }
  // What to tell whoever leaves it undecided. REQUIRES: is_undecided(), once it has been given up.
  Status why_undecided() const;
  // Somebody wants the memory again: if the claim was taken back in time, it is made anew.
  void resume();
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
  void on_lease(std::vector<ForeignFd> descriptors);
  void on_terms(const wire::Terms& terms, std::vector<ForeignFd> descriptors);
  void on_refused(const wire::Refused& refused);
  Status take_in(const wire::Terms& terms, ForeignFd descriptor);
  Status map(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  Status pull(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  void acknowledge();
  bool awaits_done() const;
  void hear_what_was_said();
  void on_taken_back();
  void finish();
  void fail(const Status& status);
  Status decorate(const Status& status) const;

  const ClaimRequest request_;
  const ProcessIdentity source_;
  std::optional<BrokerSearch> search_;
  Waiting waiting_ = Waiting::kLater;
  ForeignFd socket_;
  bool has_acknowledged_ = false;
  bool awaits_end_ = false;  // the source has hung up, and its process is to end
  bool has_declined_ = false;
  std::optional<Status> why_taken_back_;  // none when somebody wants the memory again
  std::optional<std::chrono::milliseconds> patience_;
  uint64_t offer_id_ = 0;
  bool was_sealed_ = false;        // against writing, when it came; the source seals more before it says DONE
  std::optional<Status> refusal_;  // the most telling answer of the brokers asked so far
  std::vector<ForeignFd> leases_;
  Bell bell_;  // of a channel
  std::shared_ptr<Holding> holding_;
  ReceivedClaim received_;
  Status status_;
};

}  // namespace vmoffer
