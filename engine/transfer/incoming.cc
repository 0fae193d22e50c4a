#include "engine/transfer/incoming.h"

#include <algorithm>
#include <utility>

#include "engine/transfer/offer_book.h"
#include "engine/transfer/survey.h"

namespace vmoffer {
namespace {

// Of one process, in one list: who lists without end must not fill the memory of whoever asks.
constexpr size_t kMaxListedOffers = 65536;

IncomingOffer incoming(const ProcessIdentity& source, const wire::OfferLine& line) {
  return {source.pid, line.offer_id, line.address, line.byte_length, line.flags};
}

std::pair<uint64_t, int> key_of(const ProcessIdentity& process) { return {process.unique_id, process.pid}; }

}  // namespace

void list_incoming(EventLoop& loop, std::chrono::milliseconds timeout, IncomingListDone done) {
  auto offers = std::make_shared<std::vector<IncomingOffer>>();
  Survey::Callbacks callbacks;
  callbacks.on_answer = [offers, told = std::map<size_t, size_t>()](size_t broker, const ProcessIdentity& source,
                                                                    const wire::Message& answer) mutable {
    const auto* some = std::get_if<wire::Offers>(&answer);
    if (some == nullptr || some->lines.size() > kMaxListedOffers - told[broker]) return false;
    told[broker] += some->lines.size();
    for (const wire::OfferLine& line : some->lines) offers->push_back(incoming(source, line));
    return true;
  };
  callbacks.on_done = [offers, done = std::move(done)](const Result<std::vector<int>>& pids) {
    if (!pids.is_ok()) return done(pids.status());
    done(std::move(*offers));
  };
  Survey::start(loop, wire::List{/*follow=*/false}, timeout, std::move(callbacks));
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
                                     [this, key, is_listed](bool) {
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
