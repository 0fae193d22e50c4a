// ClaimExchange: the claimer's side of one claim, as steps that never block. Whoever drives it waits between the steps,
// in a loop of its own or in the broker's. Used by one thread at a time.
//
//     ask ─▶ await terms ─▶ (verify, map) acknowledge ─▶ await done ─▶ finished
//
// Before it acknowledges, a claim that fails or is given up says DECLINED: the offer stands again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/base/status.h"
#include "engine/pager/region.h"
#include "engine/sys/process.h"
#include "engine/transfer/discovery.h"
#include "engine/transfer/paging_choice.h"
#include "engine/transfer/rights.h"
#include "engine/wire/messages.h"

namespace vmoffer {

struct ClaimRequest {
  int source_pid = 0;
  uint64_t address = 0;
  PagingChoice paging;
  wire::Transfer transfer = wire::Transfer::kMap;
  OfferKind kind = OfferKind::kMemory;
};

struct ReceivedClaim {
  std::shared_ptr<Region> region;
  int source_pid = 0;
  uint32_t flags = 0;
  bool is_immutable = false;
  Paging paging = Paging::kKernel;
  wire::Transfer transfer = wire::Transfer::kMap;
  UniqueFd bell;  // of a channel
};

class ClaimExchange {
 public:
  enum class Waiting : uint8_t {
    kReadable,  // call advance() when fd() is readable
    kLater,     // call advance() after a few milliseconds: the source's queue is full
    kNot,       // finished: take()
  };

  // kNoProcess when there is no such process.
  static Result<std::unique_ptr<ClaimExchange>> begin(const ClaimRequest& request);

  Waiting waiting() const { return waiting_; }
  int fd() const { return awaits_end_ ? source_.pidfd.get() : socket_.get(); }
  void advance();
  // Ends the exchange with this status, and the offer stands again. What has been acknowledged is taken back, which the
  // source has to answer: then the exchange goes on for as long as patience() says, and the second call ends it.
  void give_up(Status why);
  // How long to wait from now on, when that has changed; then give up.
  std::optional<std::chrono::milliseconds> take_patience() { return std::exchange(patience_, std::nullopt); }
  // REQUIRES: waiting() == kNot. Once.
  Result<ReceivedClaim> take();

  // Unfinished, it declines.
  ~ClaimExchange();
  ClaimExchange(const ClaimExchange&) = delete;
  ClaimExchange& operator=(const ClaimExchange&) = delete;

 private:
  ClaimExchange(const ClaimRequest& request, ProcessIdentity source);

  void ask_next_broker();
  void ask();
  void on_packet(Packet packet);
  void on_hang_up();
  void on_lease(std::vector<UniqueFd> descriptors);
  void on_bell(std::vector<UniqueFd> descriptors);
  void on_terms(const wire::Terms& terms, std::vector<UniqueFd> descriptors);
  void on_refused(const wire::Refused& refused);
  Status take_in(const wire::Terms& terms, UniqueFd descriptor);
  Status check_bell() const;
  Status map(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  Status pull(const wire::Terms& terms, std::shared_ptr<MemoryObject> object);
  void acknowledge();
  void finish();
  bool hears_answer();
  void fail(const Status& status);
  Status decorate(const Status& status) const;

  const ClaimRequest request_;
  const ProcessIdentity source_;
  BrokerSearch search_;
  Waiting waiting_ = Waiting::kLater;
  UniqueFd socket_;
  bool has_acknowledged_ = false;
  bool awaits_end_ = false;  // the source has hung up, and its process is to end
  std::optional<Status> why_taken_back_;
  std::optional<std::chrono::milliseconds> patience_;
  uint64_t offer_id_ = 0;
  std::optional<Status> refusal_;  // the most telling answer of the brokers asked so far
  std::vector<UniqueFd> leases_;
  UniqueFd bell_;
  std::shared_ptr<Holding> holding_;
  ReceivedClaim received_;
  Status status_;
};

}  // namespace vmoffer
