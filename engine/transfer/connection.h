// Connection: a socket with another process at its other end, the events of it that the loop watches, and one deadline.
// It knows nothing of the messages: those belong to its subclass (PeerConnection) and to SourceSide. Broker thread
// only.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "engine/sys/event_loop.h"
#include "engine/sys/process.h"
#include "engine/sys/seqpacket.h"
#include "engine/transfer/shares.h"

namespace vmoffer {

class Connection : public EventHandler, public std::enable_shared_from_this<Connection> {
 public:
  // Borrows the loop. `share`: the descriptors of this process that the connection takes. `is_brief`: this process
  // cannot keep the connection, and only answers it.
  Connection(EventLoop& loop, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief);
  ~Connection() override { let_go_of_socket(); }

  // The other end. Has no pid if its pid namespace cannot be seen from this one.
  const ProcessIdentity& peer() const { return peer_; }
  int fd() const { return socket_->get(); }
  // Shared, for a caller that must keep the socket open longer than this connection.
  const std::shared_ptr<ForeignFd>& socket() const { return socket_; }
  bool is_brief() const { return is_brief_; }
  const Sharer& sharer() const { return share_.sharer(); }
  void give_back_share() { share_.give_back(); }

  Status watch();
  // Watches the peer's process instead of the socket.
  Status watch_process();
  void stop_watching();
  bool is_watched() const { return token_ != 0; }
  // From here on only the end of the socket is reported, and no data. REQUIRES: it is watched.
  void heed_its_end_only();
  // Whether the watched process or socket has ended. REQUIRES: watch_process() or heed_its_end_only() was called.
  bool has_ended() const;

  void set_deadline(std::chrono::milliseconds patience);
  void cancel_deadline() { loop_.cancel_call(deadline_); }

  void send(const std::vector<uint8_t>& packet) { send_packet(fd(), packet); }
  void refuse(const Status& status);
  void end();

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 protected:
  virtual void on_deadline() = 0;
  // The connection is about to end; the socket is still open.
  virtual void on_ending() = 0;
  // The connection has ended. The holder of the last reference must keep it until the caller, one of its own methods,
  // has returned.
  virtual void on_over() = 0;

  EventLoop& loop() { return loop_; }
  void take_larger_share(uint64_t count) { share_.grow(count); }
  void want_writable(bool wanted) { loop_.want_writable(token_, wanted); }

 private:
  void let_go_of_socket();

  EventLoop& loop_;
  const std::shared_ptr<ForeignFd> socket_;
  ProcessIdentity peer_;
  Share share_;
  const bool is_brief_;
  EventLoop::Token token_ = 0;
  EventLoop::Token deadline_ = 0;
  bool is_over_ = false;
};

}  // namespace vmoffer
