#include "engine/transfer/incoming.h"

#include <algorithm>
#include <utility>

#include "engine/transfer/offer_book.h"
#include "engine/transfer/survey.h"

namespace vmoffer {
namespace {

// Of one process, in one list, and of all: who lists without end must not fill the memory of whoever asks.
constexpr size_t kMaxListedOffers = 65536;
constexpr size_t kMaxListedByAll = 4 * kMaxListedOffers;
// Of one source, and of all: what has been heard and not been taken.
constexpr size_t kMaxQueued = 1024;
constexpr size_t kMaxQueuedByAll = 65536;
// A process has a series for each copy of the library in it.
constexpr size_t kMaxSeries = 64;
constexpr int kMaxBrokersOfSource = 20;
// Who hangs up, for want of descriptors most likely, is asked again after longer and longer.
constexpr std::chrono::milliseconds kLongestPatience{1000};
constexpr size_t kLeastToSweep = 64;

IncomingOffer incoming(const ProcessIdentity& source, const wire::OfferLine& line) {
  return {source.pid, line.offer_id, line.address, line.byte_length, line.flags};
}

IncomingWatch::SourceKey key_of(const ProcessIdentity& process) { return {process.unique_id, process.pid}; }

// What one may have of what all may have: no more than it leaves.
bool leaves_enough(size_t own, size_t all, size_t most_of_all) { return all + own < most_of_all; }

}  // namespace

void list_incoming(EventLoop& loop, std::chrono::milliseconds timeout, IncomingListDone done) {
  auto offers = std::make_shared<std::vector<IncomingOffer>>();
  Survey::Callbacks callbacks;
  callbacks.on_answer = [offers, told = std::map<IncomingWatch::SourceKey, size_t>()](
                            size_t, const ProcessIdentity& source, const wire::Message& answer) mutable {
    const auto* some = std::get_if<wire::Offers>(&answer);
    if (some == nullptr) return false;
    size_t& own = told[key_of(source)];
    own += some->lines.size();
    if (own > kMaxListedOffers || !leaves_enough(own, offers->size(), kMaxListedByAll)) return false;
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
  for (BrokerConnection& broker : brokers.value()) {
    if (!is_wanted(broker.process)) continue;
    const SourceKey key = key_of(broker.process);
    ask(key, std::move(broker));
  }
}

bool IncomingWatch::is_wanted(const ProcessIdentity& process) const {
  return wanted_.source_pid == 0 || wanted_.source_pid == process.pid;
}

void IncomingWatch::ask(const SourceKey& key, BrokerConnection broker) {
  // Ends more than once, with the list and with the connection.
  auto is_listed = std::make_shared<bool>(false);
  auto self = std::make_shared<const AnswerReader*>(nullptr);
  auto reader = AnswerReader::start(
      loop_, std::move(broker), wire::List{/*follow=*/true},
      {[this, key](const ProcessIdentity&, const wire::Message& answer) { return on_answer(key, answer); },
       [this, key, is_listed, self](bool is_whole) {
         if (!std::exchange(*is_listed, true)) on_list_end(key);
         if (!is_whole) on_hang_up(key, *self);
       }});
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  if (reader == nullptr) {
    source.has_hung_up = true;
    return visit_later(key, source.patience);
  }
  *self = reader.get();
  source.readers.push_back(std::move(reader));
  ++source.lists_under_way;
}

// What stood before comes with the list, in the order of its ids, and then what is new.
bool IncomingWatch::on_answer(const SourceKey& key, const wire::Message& answer) {
  const auto* offers = std::get_if<wire::Offers>(&answer);
  if (offers == nullptr) return false;
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  for (const wire::OfferLine& line : offers->lines) {
    const IncomingOffer offer{key.pid, line.offer_id, line.address, line.byte_length, line.flags};
    if (!source.last_told.contains(series_of(offer.offer_id)) && source.last_told.size() == kMaxSeries) return false;
    if (is_news(source, offer)) tell(key, source, offer);
  }
  if (has_room(source)) return true;
  source.is_held_up = true;
  for (const auto& reader : source.readers) reader->pause();
  return true;
}

// A source's own connection goes on where it was when this watch began, or where there was no room for more. What is
// between comes with a list, and is told first: the other order would take it for old.
void IncomingWatch::on_news(const ProcessIdentity& process, const wire::Offers& news) {
  if (!has_asked_ || !is_wanted(process)) return;  // it will be in the list
  const SourceKey key = key_of(process);
  forget_those_that_have_ended();
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  for (const wire::OfferLine& line : news.lines) {
    const IncomingOffer offer = incoming(process, line);
    const uint64_t series = series_of(offer.offer_id);
    if (!source.last_told.contains(series) && source.last_told.size() == kMaxSeries) continue;
    if (!is_news(source, offer)) continue;
    if (source.lists_under_way == 0 && has_room(source) && !source.missed.contains(series)) {
      tell(key, source, offer);
      continue;
    }
    source.last_told.try_emplace(series, 0);
    uint64_t& missed = source.missed[series];
    missed = std::max(missed, offer.offer_id);
    if (source.lists_under_way == 0 && !has_room(source)) source.is_held_up = true;
  }
}

void IncomingWatch::on_list_end(const SourceKey& key) {
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  if (source.lists_under_way > 0) --source.lists_under_way;
  // The news that was missed meanwhile comes behind the list, unless it is of a broker that was not asked.
  if (source.lists_under_way == 0 && !source.missed.empty()) visit_later(key, kExhaustedDelay);
}

void IncomingWatch::on_hang_up(const SourceKey& key, const AnswerReader* reader) {
  const std::lock_guard lock(mutex_);
  Source& source = sources_[key];
  std::erase_if(source.readers, [reader](const auto& each) { return each.get() == reader; });
  source.has_hung_up = true;
  visit_later(key, source.patience);
  source.patience = std::min(2 * source.patience, kLongestPatience);
}

void IncomingWatch::visit_later(const SourceKey& key, std::chrono::milliseconds delay) {
  Source& source = sources_[key];
  if (source.next_visit != 0) return;
  source.next_visit = loop_.call_at(Clock::now() + delay, [this, key] { visit(key); });
}

void IncomingWatch::visit(const SourceKey& key) {
  {
    const std::lock_guard lock(mutex_);
    Source& source = sources_[key];
    source.next_visit = 0;
    source.is_held_up = source.is_held_up || !has_room(source);
    if (source.is_held_up || (!source.has_hung_up && source.missed.empty())) return;
  }
  ask_again(key);
}

// Without what was told already. What was missed before now is in the new lists.
void IncomingWatch::ask_again(const SourceKey& key) {
  std::vector<std::shared_ptr<AnswerReader>> former;
  {
    const std::lock_guard lock(mutex_);
    Source& source = sources_[key];
    former.swap(source.readers);
    source.lists_under_way = 0;
    source.has_hung_up = false;
  }
  for (const auto& reader : former) reader->stop();
  Result<ProcessIdentity> process = identify_process(key.pid);
  const bool is_out_of_descriptors = process.status().code() == Code::kTooMany;
  if (!is_out_of_descriptors && (!process.is_ok() || key_of(process.value()) != key)) return forget(key);
  bool is_to_be_tried_again = is_out_of_descriptors;
  if (process.is_ok()) {
    {
      const std::lock_guard lock(mutex_);
      sources_[key].missed.clear();
    }
    BrokerSearch search(process.value());
    for (int found_so_far = 0; found_so_far < kMaxBrokersOfSource; ++found_so_far) {
      BrokerSearch::Found found = search.next();
      is_to_be_tried_again = found.step == BrokerSearch::Step::kBusy || found.status.code() == Code::kTooMany;
      if (found.step != BrokerSearch::Step::kConnected) break;
      Result<ProcessIdentity> peer = identify_peer(found.socket.get());
      is_to_be_tried_again = peer.status().code() == Code::kTooMany;
      if (peer.is_ok()) ask(key, {std::move(found.socket), peer.take()});
    }
  }
  if (!is_to_be_tried_again) return;
  const std::lock_guard lock(mutex_);
  sources_[key].has_hung_up = true;
  visit_later(key, sources_[key].patience);
}

// Its last offers are still to be taken: they tell that it has ended.
void IncomingWatch::forget(const SourceKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(key);
  if (found != sources_.end() && found->second.queue.empty()) sources_.erase(found);
}

// Those that told on their own connections, and have left nobody to hear of their end.
void IncomingWatch::forget_those_that_have_ended() {
  const std::lock_guard lock(mutex_);
  if (sources_.size() < count_to_sweep_at_) return;
  std::erase_if(sources_, [](const auto& entry) {
    const auto& [key, source] = entry;
    if (!source.queue.empty() || !source.readers.empty() || source.next_visit != 0) return false;
    const Result<ProcessIdentity> process = identify_process(key.pid);
    return process.is_ok() ? key_of(process.value()) != key : process.status().code() == Code::kNoProcess;
  });
  count_to_sweep_at_ = std::max(kLeastToSweep, 2 * sources_.size());
}

bool IncomingWatch::has_room(const Source& source) const {
  const size_t own = source.queue.size();
  return own == 0 || (own < kMaxQueued && leaves_enough(own, queued_, kMaxQueuedByAll));
}

bool IncomingWatch::is_news(const Source& source, const IncomingOffer& offer) const {
  const auto found = source.last_told.find(series_of(offer.offer_id));
  return found == source.last_told.end() || offer.offer_id > found->second;
}

void IncomingWatch::tell(const SourceKey& key, Source& source, const IncomingOffer& offer) {
  const uint64_t series = series_of(offer.offer_id);
  source.last_told[series] = offer.offer_id;
  source.patience = kExhaustedDelay;
  const auto missed = source.missed.find(series);
  if (missed != source.missed.end() && missed->second <= offer.offer_id) source.missed.erase(missed);
  if (kind_of(offer.flags) != wanted_.kind || !on_available_) return;
  if (source.queue.empty()) turns_.push_back(key);
  source.queue.push_back(offer);
  ++queued_;
  if (std::exchange(is_awaited_, false)) on_available_();
}

IncomingWatch::Taken IncomingWatch::take() {
  const std::lock_guard lock(mutex_);
  if (turns_.empty()) {
    is_awaited_ = true;
    return {};
  }
  const SourceKey key = turns_.front();
  turns_.pop_front();
  Source& source = sources_[key];
  Taken taken{source.queue.front(), std::nullopt};
  source.queue.pop_front();
  --queued_;
  if (!source.queue.empty()) turns_.push_back(key);
  if (source.is_held_up && source.queue.size() <= kMaxQueued / 2 && has_room(source)) {
    source.is_held_up = false;
    taken.to_resume = key;
  }
  return taken;
}

void IncomingWatch::resume(const SourceKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(key);
  if (found == sources_.end()) return;
  Source& source = found->second;
  for (const auto& reader : source.readers) source.has_hung_up |= !reader->resume();
  if (source.has_hung_up || !source.missed.empty()) visit_later(key, std::chrono::milliseconds(0));
}

void IncomingWatch::silence() {
  const std::lock_guard lock(mutex_);
  on_available_ = nullptr;
}

IncomingWatch::~IncomingWatch() {
  loop_.cancel_call(retry_);
  for (const auto& [key, source] : sources_) {
    loop_.cancel_call(source.next_visit);
    for (const auto& reader : source.readers) reader->stop();
  }
}

}  // namespace vmoffer
