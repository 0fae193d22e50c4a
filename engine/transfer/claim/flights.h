// Flights: descriptors that were sent and have not been read. The kernel counts them against this process's user until
// the receiver reads them or is gone. Once they reach the limit of open files, no process of that user can send any
// more. Broker thread only.
//
// The descriptors of one claim are one flight, and an offer has one flight at a time: a claimer that declines without
// reading is not sent them again. A connection that has ended is kept open as long as its flight lasts, because only
// its socket can tell whether that is over.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/event_loop.h"
#include "engine/sys/foreign_fd.h"
#include "engine/transfer/offers/offer_book.h"
#include "engine/transfer/shares.h"

namespace vmoffer {

class Flights {
 public:
  // Borrows the loop.
  explicit Flights(EventLoop& loop) : loop_(loop) {}

  // kTooMany if not; the message says whose fault it is.
  Status may_depart(OfferId offer, const Sharer& receiver, uint64_t descriptor_count);
  // Call this before the first descriptor is sent. REQUIRES: may_depart(), in this turn of the loop or an earlier one.
  void depart(OfferId offer, const Sharer& receiver, uint64_t descriptor_count, std::shared_ptr<ForeignFd> socket);
  // Call this when the receiver answers or hangs up: the flight may be over.
  void look_at(OfferId offer);
  // Calls back once, soon, when may_depart() may have another answer.
  void try_again(std::function<void()> again);
  size_t count() const { return in_flight_.size(); }

  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;

 private:
  struct Flight {
    std::shared_ptr<ForeignFd> socket;
    Share share;

    bool is_over() const;
    bool is_all_that_holds_its_socket() const { return socket.use_count() == 1; }
  };

  void look_at_all();
  void look_again();
  bool has_orphans() const;

  EventLoop& loop_;
  EventLoop::Token next_look_ = 0;
  Shares shares_;  // outlives the flights
  std::unordered_map<OfferId, Flight> in_flight_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace vmoffer
