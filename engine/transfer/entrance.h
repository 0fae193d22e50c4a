// Entrance: lets other processes in, as many as this one has descriptors for. Broker thread only, but for its making.
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
    Share share;            // what its connection takes of this process's descriptors, until it stands for a claim
    bool is_brief = false;  // this process cannot keep it; on_brief_end() is called when it has been answered
  };
  // True when there is a connection of it now.
  using Admit = std::function<bool(Newcomer newcomer)>;

  // Borrows the loop and the offers. Takes ownership of the listener.
  Entrance(EventLoop& loop, OutgoingOffers& offers, UniqueFd listener, Admit admit);
  Status open();

  void on_brief_end();
  // Of one that this process has connected to by itself.
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

  EventLoop& loop_;
  OutgoingOffers& offers_;
  const UniqueFd listener_;
  const Admit admit_;
  const bool refuses_descriptors_;  // nobody can send descriptors to its connections
  SpareDescriptors spares_;
  Shares descriptors_;  // of connections that stand for no claim. Outlives the connections
  EventLoop::Token listener_token_ = 0;
  EventLoop::Token recovery_ = 0;
  size_t brief_connections_ = 0;
};

}  // namespace vmoffer
