#include "engine/transfer/connection.h"

#include <utility>

#include "engine/wire/codec.h"

namespace vmoffer {

Connection::Connection(EventLoop& loop, ForeignFd socket, ProcessIdentity peer, Share share, bool is_brief)
    : loop_(loop),
      socket_(std::make_shared<ForeignFd>(std::move(socket))),
      peer_(std::move(peer)),
      share_(std::move(share)),
      is_brief_(is_brief) {}

Status Connection::watch() {
  Result<EventLoop::Token> token = loop_.add(fd(), shared_from_this());
  if (!token.is_ok()) return token.status();
  token_ = token.value();
  return Status();
}

Status Connection::watch_process() {
  Result<EventLoop::Token> token = loop_.add(peer_.pidfd.get(), shared_from_this());
  if (!token.is_ok()) return token.status();
  token_ = token.value();
  return Status();
}

void Connection::stop_watching() {
  loop_.remove(token_);
  token_ = 0;
}

void Connection::heed_its_end_only() {
  peer_.pidfd.reset();  // the socket reports the end of the process, too
  loop_.want_readable(token_, false);
}

bool Connection::has_ended() const { return peer_.pidfd.is_open() ? !is_alive(peer_) : vmoffer::is_over(fd()); }

void Connection::set_deadline(std::chrono::milliseconds patience) {
  cancel_deadline();
  deadline_ = loop_.call_at(Clock::now() + patience, [self = shared_from_this()] {
    self->deadline_ = 0;
    self->on_deadline();
  });
}

void Connection::refuse(const Status& status) {
  send(wire::encode(wire::Refused{status.code(), status.message()}));
  end();
}

void Connection::let_go_of_socket() {
  if (socket_.use_count() > 1) {
    shut_down(fd());  // it stays open as long as the peer has not read everything
  } else {
    hang_up(*socket_);
  }
}

void Connection::end() {
  if (is_over_) return;
  is_over_ = true;
  stop_watching();
  cancel_deadline();
  on_ending();
  let_go_of_socket();
  peer_.pidfd.reset();
  share_.give_back();
  on_over();
}

}  // namespace vmoffer
