// Entrance: accepts the connections of other processes, as many as this one has descriptors for. Broker thread only,
// except for its construction.
#pragma once

#include <cstddef>
#include <functional>

#include "engine/sys/event_loop.h"
#include "engine/sys/process.h"
#include "engine/sys/spare_descriptors.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/transfer/shares.h"

namespace vmoffer {

class Entrance {
 public:
  struct Newcomer {
    ForeignFd socket;
    ProcessIdentity process;
    Share share;            // the descriptors that its connection takes, until it stands for a claim
    bool is_brief = false;  // this process cannot keep it; call on_brief_end() once it has been answered
  };
  // Returns true if the newcomer has a connection now.
  using Admit = std::function<bool(Newcomer newcomer)>;

  // Borrows the loop and the offers. Takes ownership of the listener.
  Entrance(EventLoop& loop, OutgoingOffers& offers, UniqueFd listener, Admit admit);
  Status open();

  void on_brief_end();
  // False while descriptors that are kept back for those who ask are in use, or missing.
  bool has_spares();
  // The share of a connection that this process has made.
  Share share_of(int socket_fd, const ProcessIdentity& peer);

  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

 private:
  class Listener;

  void accept_some();
  void accept_with_the_last_descriptors();
  void let_newcomers_wait();
  void recover_descriptors();
  void meet(ForeignFd socket);
  bool has_only_spares();

  EventLoop& loop_;
  OutgoingOffers& offers_;
  const UniqueFd listener_;
  const Admit admit_;
  const bool refuses_descriptors_;  // nobody can send descriptors to its connections
  SpareDescriptors spares_;
  Shares descriptors_;  // for connections that stand for no claim; outlives the connections
  EventLoop::Token listener_token_ = 0;
  EventLoop::Token recovery_ = 0;
  size_t brief_connections_ = 0;
};

}  // namespace vmoffer
