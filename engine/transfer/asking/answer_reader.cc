#include "engine/transfer/asking/answer_reader.h"

#include "engine/wire/codec.h"

namespace vmoffer {

std::shared_ptr<AnswerReader> AnswerReader::start(EventLoop& loop, BrokerConnection broker,
                                                  const wire::Message& question, Callbacks callbacks) {
  auto reader = std::make_shared<AnswerReader>(loop, std::move(broker), std::move(callbacks));
  const int fd = reader->broker_.socket.get();
  if (send_packet(fd, wire::encode(question)) != IoOutcome::kDone) return nullptr;
  Result<EventLoop::Token> token = loop.add(fd, reader);
  if (!token.is_ok()) return nullptr;
  reader->token_ = token.value();
  return reader;
}

void AnswerReader::on_readable() {
  const auto self = shared_from_this();  // a callback may drop the last reference
  for (int turn = 0; turn < kPacketsPerTurn && token_ != 0; ++turn) {
    const Packet packet = receive_packet(broker_.socket.get());
    if (packet.outcome == IoOutcome::kWouldBlock) return;
    if (packet.outcome == IoOutcome::kDone && on_packet(packet)) continue;
    const auto on_end = callbacks_.on_end;
    stop();
    return on_end(/*is_whole=*/false);
  }
}

// False if the broker sends nonsense, or more than is wanted.
bool AnswerReader::on_packet(const Packet& packet) {
  if (packet.was_cut || !packet.descriptors.empty()) return false;
  Result<wire::Message> message = wire::decode(packet.bytes);
  if (!message.is_ok()) return false;
  if (!std::holds_alternative<wire::EndOfList>(message.value())) {
    return callbacks_.on_answer(broker_.process, message.value());
  }
  const auto on_end = callbacks_.on_end;  // kept: it may call stop()
  on_end(/*is_whole=*/true);
  return true;
}

// Leaves the loop, which would otherwise report a hang-up again and again.
void AnswerReader::pause() {
  loop_.remove(token_);
  token_ = 0;
}

bool AnswerReader::resume() {
  if (token_ != 0) return true;
  Result<EventLoop::Token> token = loop_.add(broker_.socket.get(), shared_from_this());
  if (token.is_ok()) token_ = token.value();
  return token.is_ok();
}

void AnswerReader::stop() {
  loop_.remove(token_);
  token_ = 0;
  hang_up(broker_.socket);
  callbacks_ = {};
}

}  // namespace vmoffer
