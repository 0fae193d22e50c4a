// OfferReader: asks one broker what it offers to this process, and reads the answers. Loop thread only.
#pragma once

#include <functional>
#include <memory>

#include "engine/sys/event_loop.h"
#include "engine/transfer/discovery.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class OfferReader : public EventHandler, public std::enable_shared_from_this<OfferReader> {
 public:
  struct Callbacks {
    // False: hang up, no more of them are wanted.
    std::function<bool(const ProcessIdentity& source, const wire::Offers& offers)> on_offers;
    // The list is through (not the news), or nothing more will come. May be called more than once.
    std::function<void()> on_end;
  };

  // False when the broker has gone already; then no callback was or will be called.
  static std::shared_ptr<OfferReader> start(EventLoop& loop, BrokerConnection broker, bool follow, Callbacks callbacks);

  void on_readable() override;
  // Hangs up. No callback is called from here on.
  void stop();

  OfferReader(EventLoop& loop, BrokerConnection broker, Callbacks callbacks)
      : loop_(loop), broker_(std::move(broker)), callbacks_(std::move(callbacks)) {}
  OfferReader(const OfferReader&) = delete;
  OfferReader& operator=(const OfferReader&) = delete;

 private:
  bool on_packet(const Packet& packet);

  EventLoop& loop_;
  BrokerConnection broker_;
  Callbacks callbacks_;
  EventLoop::Token token_ = 0;
};

}  // namespace vmoffer
