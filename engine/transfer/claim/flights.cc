#include "engine/transfer/claim/flights.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/sys/process.h"
#include "engine/sys/seqpacket.h"
#include "engine/transfer/admission.h"

namespace vmoffer {
namespace {

// Nothing reports that descriptors have been read. How often to look while a claim waits for it, and while a connection
// is kept only for that.
constexpr std::chrono::milliseconds kSoon{5};
constexpr std::chrono::milliseconds kLater{100};

Status unread_by(const Shares& shares, const Sharer& receiver) {
  const uint64_t own = shares.of_process(receiver);
  const std::string whose = own == 0 ? "other processes have left " + std::to_string(shares.of_all())
                                     : "this process has left " + std::to_string(own);
  return Status(Code::kTooMany, whose + " descriptors unread that were sent to " + (own == 0 ? "them" : "it") +
                                    "; read them, or close their connections");
}

}  // namespace

bool Flights::Flight::is_over() const { return !has_unread_output(socket->get()); }

Status Flights::may_depart(OfferId offer, const Sharer& receiver, uint64_t descriptor_count) {
  const auto refusal = [&] {
    if (in_flight_.contains(offer)) {
      return Status(Code::kTooMany,
                    "what was sent for an earlier claim of this offer has not been read; read it, or close its "
                    "connection");
    }
    const uint64_t limit = max_descriptors();
    const Shares::Verdict verdict = shares_.may_take(receiver, descriptor_count, descriptors_for_flights(limit));
    const bool may = may_be_sent_more(verdict, shares_.of_process(receiver), shares_.of_all(), limit);
    return may ? Status() : unread_by(shares_, receiver);
  };
  Status status = refusal();
  if (status.is_ok()) return status;
  look_at_all();
  return refusal();
}

void Flights::depart(OfferId offer, const Sharer& receiver, uint64_t descriptor_count,
                     std::shared_ptr<ForeignFd> socket) {
  in_flight_.insert_or_assign(offer, Flight{std::move(socket), Share(shares_, receiver, descriptor_count)});
}

void Flights::look_at(OfferId offer) {
  const auto found = in_flight_.find(offer);
  if (found == in_flight_.end()) return;
  if (found->second.is_over()) {
    in_flight_.erase(found);
  } else if (next_look_ == 0) {
    look_again();
  }
}

void Flights::look_at_all() {
  std::erase_if(in_flight_, [](const auto& entry) { return entry.second.is_over(); });
}

void Flights::try_again(std::function<void()> again) {
  waiting_.push_back(std::move(again));
  loop_.cancel_call(std::exchange(next_look_, 0));
  look_again();
}

void Flights::look_again() {
  next_look_ = loop_.call_at(Clock::now() + (waiting_.empty() ? kLater : kSoon), [this] {
    next_look_ = 0;
    look_at_all();
    for (const auto& again : std::exchange(waiting_, {})) again();
    if (next_look_ == 0 && (!waiting_.empty() || has_orphans())) look_again();
  });
}

bool Flights::has_orphans() const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [](const auto& entry) { return entry.second.is_all_that_holds_its_socket(); });
}

}  // namespace vmoffer
