// Connection: a socket with another process at its other end, what of it the loop watches, and one deadline. What is
// said over it, those know who derive from it (PeerConnection) or work for it (SourceSide). Broker thread only.
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
  // Borrows the loop. `share`: what the connection takes of this process's descriptors. `is_brief`: this process cannot
  // keep it, so it is answered and no more.
  Connection(EventLoop& loop, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief);
  ~Connection() override { let_go_of_socket(); }

  // The other end. Without a pid when it is in a pid namespace that is not seen from this one.
  const ProcessIdentity& peer() const { return peer_; }
  int fd() const { return socket_->get(); }
  // For whoever has to keep it open beyond this connection.
  const std::shared_ptr<ForeignFd>& socket() const { return socket_; }
  bool is_brief() const { return is_brief_; }
  const Sharer& sharer() const { return share_.sharer(); }
  void give_back_share() { share_.give_back(); }

  Status watch();
  // Instead of the socket.
  Status watch_process();
  void stop_watching();
  bool is_watched() const { return token_ != 0; }
  // The socket tells of the end, and of nothing else that comes from here on. REQUIRES: it is watched.
  void heed_its_end_only();
  // What is watched says that it is over. REQUIRES: watch_process() or heed_its_end_only() was called.
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
  // It is about to end; the socket is still there.
  virtual void on_ending() = 0;
  // It has ended. Whoever has the last reference keeps it until the caller, one of its own methods, has returned.
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
