#include "engine/transfer/incoming.h"

#include <algorithm>
#include <utility>

#include "engine/transfer/offer_book.h"

namespace vmoffer {
namespace {

// Of one process, in one list: who lists without end must not fill the memory of whoever asks.
constexpr size_t kMaxListedOffers = 65536;

IncomingOffer incoming(const ProcessIdentity& source, const wire::OfferLine& line) {
  return {source.pid, line.offer_id, line.address, line.byte_length, line.flags};
}

std::pair<uint64_t, int> key_of(const ProcessIdentity& process) { return {process.unique_id, process.pid}; }

}  // namespace

void IncomingList::start(EventLoop& loop, std::chrono::milliseconds timeout, Done done) {
  std::make_shared<IncomingList>(loop, std::move(done))->ask_everybody(timeout);
}

void IncomingList::ask_everybody(std::chrono::milliseconds timeout) {
  const auto self = shared_from_this();
  Result<std::vector<BrokerConnection>> brokers = connect_to_all_brokers();
  if (!brokers.is_ok()) return done_(brokers.status());
  for (BrokerConnection& broker : brokers.value()) {
    const size_t index = readers_.size();
    auto reader = AnswerReader::start(
        loop_, std::move(broker), wire::List{/*follow=*/false},
        {[self, left = kMaxListedOffers](const ProcessIdentity& source, const wire::Message& answer) mutable {
           const auto* offers = std::get_if<wire::Offers>(&answer);
           if (offers == nullptr || offers->lines.size() > left) return false;
           left -= offers->lines.size();
           for (const wire::OfferLine& line : offers->lines) self->offers_.push_back(incoming(source, line));
           return true;
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
  const std::shared_ptr<AnswerReader> reader = std::move(readers_[index]);
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
  Result<std::vector<BrokerConnection>> brokers = connect_to_all_brokers();
  if (!brokers.is_ok()) {
    retry_ = loop_.call_at(Clock::now() + kExhaustedDelay, [this] { start(); });
    return;
  }
  has_asked_ = true;
  for (BrokerConnection& broker : brokers.value()) ask(std::move(broker));
}

void IncomingWatch::ask(BrokerConnection broker) {
  const SourceKey key = key_of(broker.process);
  // Ends more than once, with the list and with the connection.
  auto is_listed = std::make_shared<bool>(false);
  auto reader = AnswerReader::start(loop_, std::move(broker), wire::List{/*follow=*/true},
                                    {[this](const ProcessIdentity& source, const wire::Message& answer) {
                                       const auto* offers = std::get_if<wire::Offers>(&answer);
                                       if (offers == nullptr) return false;
                                       const std::lock_guard lock(mutex_);
                                       Source& told = sources_[key_of(source)];
                                       for (const wire::OfferLine& line : offers->lines)
                                         tell(told, incoming(source, line));
                                       return true;
                                     },
                                     [this, key, is_listed] {
                                       if (!std::exchange(*is_listed, true)) on_list_end(key);
                                     }});
  if (reader == nullptr) return;
  readers_.push_back(std::move(reader));
  const std::lock_guard lock(mutex_);
  ++sources_[key].lists_under_way;
}

void IncomingWatch::on_list_end(const SourceKey& key) {
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  if (--source.lists_under_way > 0) return;
  for (const IncomingOffer& offer : std::exchange(source.waiting, {})) tell(source, offer);
}

// A source's own connection goes on where it was when this watch began. What stood before comes with the list, and is
// told first: the other order would take it for old.
void IncomingWatch::on_news(const ProcessIdentity& process, const wire::Offers& news) {
  const std::lock_guard lock(mutex_);
  if (!has_asked_) return;  // it will be in the list
  Source& source = sources_[key_of(process)];
  for (const wire::OfferLine& line : news.lines) {
    const IncomingOffer offer = incoming(process, line);
    if (source.lists_under_way > 0) {
      source.waiting.push_back(offer);
    } else {
      tell(source, offer);
    }
  }
}

void IncomingWatch::tell(Source& source, const IncomingOffer& offer) {
  uint64_t& last_told = source.last_told[series_of(offer.offer_id)];
  if (offer.offer_id <= last_told) return;
  last_told = offer.offer_id;
  if (on_offer_) on_offer_(offer);
}

void IncomingWatch::silence() {
  const std::lock_guard lock(mutex_);
  on_offer_ = nullptr;
}

IncomingWatch::~IncomingWatch() {
  loop_.cancel_call(retry_);
  for (const auto& reader : readers_) reader->stop();
}

}  // namespace vmoffer
