// Flights: descriptors that were sent and have not been read. The kernel counts them against this process's user, as
// many as it may have open, until the receiver reads them or is gone; then nobody of that user can send any more.
// Broker thread only.
//
// What was sent for an offer is one flight, and an offer has one at a time: who declines without reading is not sent it
// again. A connection that has ended is kept open for as long as its flight lasts, for it alone can tell.
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

  // kTooMany, with whose fault it is.
  Status may_depart(OfferId offer, const Sharer& receiver);
  // Before the first descriptor is sent. REQUIRES: may_depart, in this turn of the loop or an earlier one.
  void depart(OfferId offer, const Sharer& receiver, uint64_t descriptor_count, std::shared_ptr<ForeignFd> socket);
  // The receiver says so, or hangs up.
  void look_at(OfferId offer);
  // Calls back once, soon, when it may be otherwise.
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
