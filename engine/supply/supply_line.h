// SupplyLine: this process's end of the line over which the two sides of supplied memory talk (engine/wire/FORMAT.md).
// It is a second descriptor of the connection over which the memory was claimed: each side has made its own end, for
// the reason that engine/sys/bell.h gives. The listener interprets the messages. Any thread may send; the rest belongs
// to the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/sys/event_loop.h"
#include "engine/sys/foreign_fd.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class SupplyLine : public EventHandler, public std::enable_shared_from_this<SupplyLine> {
 public:
  // Called by the loop's thread, with no lock held.
  class Listener {
   public:
    virtual ~Listener() = default;
    // Returns false if the message is out of turn: then the line hangs up.
    virtual bool on_message(wire::Message message) = 0;
    // The other side has hung up, or has sent nonsense. Called once, and not after hang_up().
    virtual void on_hang_up() = 0;
  };

  // Borrows both; any thread. REQUIRES: from open() on, nothing else is received from the connection.
  static Result<std::shared_ptr<SupplyLine>> of(EventLoop& loop, const ForeignFd& connection);
  ~SupplyLine() override;

  // Loop thread, once. Messages that have arrived before are read then.
  Status open(std::weak_ptr<Listener> listener);
  // Never blocks. Messages that do not fit the socket's queue are kept, and sent when there is room.
  void send(const wire::Message& message);
  // How many messages wait for room.
  size_t kept_count() const;
  // Closes the line; the other side notices. Any thread. The listener may still be handling a last message.
  void hang_up();

  void on_readable() override;
  void on_writable() override;

  SupplyLine(const SupplyLine&) = delete;
  SupplyLine& operator=(const SupplyLine&) = delete;

 private:
  SupplyLine(EventLoop& loop, ForeignFd socket) : loop_(loop), socket_(std::move(socket)) {}
  bool end();
  void on_broken();
  void stop_watching();

  EventLoop& loop_;
  EventLoop::Token token_ = 0;
  std::weak_ptr<Listener> listener_;
  mutable Mutex mutex_;  // a leaf lock
  ForeignFd socket_ VMO_GUARDED_BY(mutex_);
  std::deque<std::vector<uint8_t>> kept_ VMO_GUARDED_BY(mutex_);
  bool is_over_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
