#include "engine/supply/supply_line.h"

#include <utility>

#include "engine/sys/seqpacket.h"
#include "engine/wire/codec.h"

namespace vmoffer {

Result<std::shared_ptr<SupplyLine>> SupplyLine::of(EventLoop& loop, const ForeignFd& connection) {
  Result<ForeignFd> copy = duplicate(connection);
  if (!copy.is_ok()) return copy.status();
  return std::shared_ptr<SupplyLine>(new SupplyLine(loop, copy.take()));
}

SupplyLine::~SupplyLine() {
  if (socket_.is_open()) shut_down(socket_.get());
}

Status SupplyLine::open(std::weak_ptr<Listener> listener) {
  listener_ = std::move(listener);
  const MutexLock lock(mutex_);
  Result<EventLoop::Token> token = loop_.add(socket_.get(), shared_from_this());
  if (!token.is_ok()) return token.status();
  token_ = token.value();
  loop_.want_writable(token_, !kept_.empty());
  return Status();
}

void SupplyLine::send(const wire::Message& message) {
  std::vector<uint8_t> packet = wire::encode(message);
  const MutexLock lock(mutex_);
  if (is_over_) return;
  // If the line is broken, the loop reports that as its end.
  if (kept_.empty() && send_packet(socket_.get(), packet) != IoOutcome::kWouldBlock) return;
  kept_.push_back(std::move(packet));
  if (kept_.size() > 1) return;
  loop_.post([self = shared_from_this()] { self->loop_.want_writable(self->token_, true); });
}

size_t SupplyLine::kept_count() const {
  const MutexLock lock(mutex_);
  return kept_.size();
}

// False if it has ended before.
bool SupplyLine::end() {
  const MutexLock lock(mutex_);
  if (std::exchange(is_over_, true)) return false;
  shut_down(socket_.get());
  return true;
}

void SupplyLine::hang_up() {
  if (end()) loop_.post([self = shared_from_this()] { self->stop_watching(); });
}

void SupplyLine::on_readable() {
  for (int i = 0; i < kPacketsPerTurn; ++i) {
    Packet packet;
    {
      const MutexLock lock(mutex_);
      if (is_over_) return;
      packet = receive_packet(socket_.get());
    }
    if (packet.outcome == IoOutcome::kWouldBlock) return;
    if (packet.outcome != IoOutcome::kDone || packet.was_cut || !packet.descriptors.empty()) return on_broken();
    Result<wire::Message> message = wire::decode(packet.bytes);
    const std::shared_ptr<Listener> listener = listener_.lock();
    if (!message.is_ok() || listener == nullptr || !listener->on_message(message.take())) return on_broken();
  }
}

void SupplyLine::on_writable() {
  const MutexLock lock(mutex_);
  while (!kept_.empty() && !is_over_) {
    if (send_packet(socket_.get(), kept_.front()) == IoOutcome::kWouldBlock) return;
    kept_.pop_front();
  }
  loop_.want_writable(token_, false);
}

void SupplyLine::on_broken() {
  if (!end()) return;
  stop_watching();
  if (const std::shared_ptr<Listener> listener = listener_.lock()) listener->on_hang_up();
}

void SupplyLine::stop_watching() {
  loop_.remove(std::exchange(token_, 0));
  const MutexLock lock(mutex_);
  socket_.reset();
  kept_.clear();
}

}  // namespace vmoffer
