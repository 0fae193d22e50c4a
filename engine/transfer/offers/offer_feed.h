// OfferFeed: tells one connected process what is offered to it, in packets, from where it left off. Broker thread only.
#pragma once

#include "engine/sys/seqpacket.h"
#include "engine/transfer/offers/outgoing_offers.h"

namespace vmoffer {

class OfferFeed {
 public:
  // Borrows the offers and the socket. `destination` 0: nothing was ever offered to it.
  OfferFeed(OutgoingOffers& offers, int socket_fd, DestinationId destination, bool ends)
      : offers_(offers), socket_fd_(socket_fd), destination_(destination), ends_(ends) {}

  void set_destination(DestinationId destination) { destination_ = destination; }
  DestinationId destination() const { return destination_; }

  // Sends what there is. kWouldBlock: call again when the socket is writable. kClosed: the peer has gone.
  IoOutcome pump();

 private:
  IoOutcome send_end_of_list();

  OutgoingOffers& offers_;
  const int socket_fd_;
  DestinationId destination_;
  OfferId sent_up_to_ = 0;
  bool ends_;  // END is still to be sent, once the first list is through
};

}  // namespace vmoffer
