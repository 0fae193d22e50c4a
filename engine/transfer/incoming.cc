#include "engine/transfer/incoming.h"

#include <algorithm>

namespace vmoffer {
namespace {

IncomingOffer incoming(const ProcessIdentity& source, const wire::OfferLine& line) {
  return {source.pid, line.offer_id, line.address, line.byte_length, line.flags};
}

}  // namespace

void IncomingList::start(EventLoop& loop, std::chrono::milliseconds timeout, Done done) {
  std::make_shared<IncomingList>(loop, std::move(done))->ask_everybody(timeout);
}

void IncomingList::ask_everybody(std::chrono::milliseconds timeout) {
  const auto self = shared_from_this();
  for (BrokerConnection& broker : connect_to_all_brokers()) {
    const size_t index = readers_.size();
    auto reader = OfferReader::start(loop_, std::move(broker), /*follow=*/false,
                                     {[self](const ProcessIdentity& source, const wire::Offers& offers) {
                                        for (const wire::OfferLine& line : offers.lines)
                                          self->offers_.push_back(incoming(source, line));
                                      },
                                      [self, index] { self->on_end(index); }});
    if (reader != nullptr) readers_.push_back(std::move(reader));
  }
  outstanding_ = readers_.size();
  if (outstanding_ == 0) return finish();
  deadline_ = loop_.call_at(Clock::now() + timeout, [self] { self->finish(); });
}

void IncomingList::on_end(size_t index) {
  if (readers_[index] == nullptr) return;
  const std::shared_ptr<OfferReader> reader = std::move(readers_[index]);
  reader->stop();
  if (--outstanding_ == 0) finish();
}

void IncomingList::finish() {
  loop_.cancel_call(deadline_);
  for (const auto& reader : readers_) {
    if (reader != nullptr) reader->stop();
  }
  readers_.clear();
  done_(std::move(offers_));
}

void IncomingWatch::start() {
  for (BrokerConnection& broker : connect_to_all_brokers()) {
    auto reader = OfferReader::start(
        loop_, std::move(broker), /*follow=*/true,
        {[this](const ProcessIdentity& source, const wire::Offers& offers) { on_news(source, offers); }, [] {}});
    if (reader != nullptr) readers_.push_back(std::move(reader));
  }
}

void IncomingWatch::on_news(const ProcessIdentity& source, const wire::Offers& news) {
  const std::lock_guard lock(mutex_);
  if (!on_offer_) return;
  uint64_t& last_seen = seen_[{source.unique_id, source.pid}];
  for (const wire::OfferLine& line : news.lines) {
    if (line.offer_id <= last_seen) continue;
    last_seen = line.offer_id;
    on_offer_(incoming(source, line));
  }
}

void IncomingWatch::silence() {
  const std::lock_guard lock(mutex_);
  on_offer_ = nullptr;
}

IncomingWatch::~IncomingWatch() {
  for (const auto& reader : readers_) reader->stop();
}

}  // namespace vmoffer
