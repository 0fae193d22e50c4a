#include "engine/transfer/offers/incoming_watch.h"

#include <algorithm>
#include <utility>

#include "engine/transfer/offers/offer_book.h"

namespace vmoffer {
namespace {

// How many offers may wait to be taken, from one source and from all.
constexpr size_t kMaxQueued = 1024;
constexpr size_t kMaxQueuedByAll = 65536;
// A process has a series of ids for each copy of the library in it.
constexpr size_t kMaxSeries = 64;
// A source that hangs up probably lacks descriptors. It is asked again after longer and longer pauses.
constexpr std::chrono::milliseconds kLongestPatience{1000};
constexpr size_t kLeastToSweep = 64;

}  // namespace

void IncomingWatch::start() {
  survey_ = Survey::start(loop_, places_, wire::List{/*follow=*/false}, std::nullopt, callbacks_of_survey());
}

Survey::Callbacks IncomingWatch::callbacks_of_survey() {
  Survey::Callbacks callbacks;
  callbacks.on_found = [this](size_t broker, const ProcessIdentity& process) {
    surveyed_.resize(broker + 1);
    surveyed_[broker].key = key_of(process);
  };
  callbacks.on_asked = [this](size_t broker) { on_asked_by_survey(broker); };
  callbacks.on_answer = [this](size_t broker, const ProcessIdentity&, const wire::Message& answer) {
    return on_answer_to_survey(surveyed_[broker].key, answer);
  };
  callbacks.on_over = [this](size_t broker, bool is_whole) { on_end_of_survey_of(broker, is_whole); };
  callbacks.on_held_up = [this](size_t names) {
    const MutexLock lock(mutex_);
    if (on_held_up_) on_held_up_(names);
  };
  callbacks.on_done = [this](const Result<Survey::Asked>&) {
    has_asked_all_ = true;
    survey_.reset();
    surveyed_.clear();
  };
  return callbacks;
}

// A broker is asked more than once if it has to give way to others. Its list counts as under way all that time.
void IncomingWatch::on_asked_by_survey(size_t broker) {
  SurveyedBroker& surveyed = surveyed_[broker];
  if (!is_wanted(surveyed.key.pid) || std::exchange(surveyed.is_listing, true)) return;
  const MutexLock lock(mutex_);
  ++sources_[surveyed.key].lists_of_survey;
}

// The survey does not wait for room: offers that do not fit are asked for again later.
bool IncomingWatch::on_answer_to_survey(const SourceKey& key, const wire::Message& answer) {
  if (!is_wanted(key.pid)) return false;
  const MutexLock lock(mutex_);
  Source& source = sources_[key];
  const Heard heard = hear(key, source, answer);
  if (heard == Heard::kNoRoomForMore) source.is_held_up = true;
  return heard == Heard::kAll;
}

void IncomingWatch::on_end_of_survey_of(size_t broker, bool is_whole) {
  const SurveyedBroker& surveyed = surveyed_[broker];
  if (!is_wanted(surveyed.key.pid)) return;
  const MutexLock lock(mutex_);
  Source& source = sources_[surveyed.key];
  if (surveyed.is_listing) --source.lists_of_survey;
  if (!is_whole) return on_hang_up(surveyed.key, source);
  tell_what_was_early(surveyed.key, source);
}

void IncomingWatch::ask(const SourceKey& key, BrokerConnection broker) {
  auto self = std::make_shared<const AnswerReader*>(nullptr);
  auto reader = AnswerReader::start(
      loop_, std::move(broker), wire::List{/*follow=*/false},
      {[this, key](const ProcessIdentity&, const wire::Message& answer) { return on_answer(key, answer); },
       [this, key, self](bool is_whole) { on_end(key, *self, is_whole); }});
  const MutexLock lock(mutex_);
  Source& source = sources_[key];
  if (reader == nullptr) return on_hang_up(key, source);
  *self = reader.get();
  source.readers.push_back(std::move(reader));
  ++source.lists_under_way;
}

bool IncomingWatch::on_answer(const SourceKey& key, const wire::Message& answer) {
  const MutexLock lock(mutex_);
  Source& source = sources_[key];
  const Heard heard = hear(key, source, answer);
  if (heard != Heard::kNoRoomForMore) return heard == Heard::kAll;
  source.is_held_up = true;
  for (const auto& reader : source.readers) reader->pause();
  return true;
}

// A list has every offer that stands, in the order of ids.
IncomingWatch::Heard IncomingWatch::hear(const SourceKey& key, Source& source, const wire::Message& answer) {
  const auto* offers = std::get_if<wire::Offers>(&answer);
  if (offers == nullptr) return Heard::kNonsense;
  for (const wire::OfferLine& line : offers->lines) {
    const IncomingOffer offer = incoming(key.pid, line);
    if (!may_know(source, series_of(offer.offer_id))) return Heard::kNonsense;
    if (is_news(source, offer)) tell(key, source, offer);
  }
  return has_room(source) ? Heard::kAll : Heard::kNoRoomForMore;
}

void IncomingWatch::on_end(const SourceKey& key, const AnswerReader* reader, bool is_whole) {
  std::shared_ptr<AnswerReader> ended;
  {
    const MutexLock lock(mutex_);
    Source& source = sources_[key];
    const auto at = std::find_if(source.readers.begin(), source.readers.end(),
                                 [reader](const auto& each) { return each.get() == reader; });
    if (at == source.readers.end()) return;
    ended = std::move(*at);
    source.readers.erase(at);
    --source.lists_under_way;
    if (is_whole) tell_what_was_early(key, source);
    if (!is_whole) on_hang_up(key, source);
  }
  ended->stop();
}

// A source announces what is new since this watch began, or since there was no room for more. Older offers that were
// not told yet come with a list, and must be told first: after newer ids, they would pass for old.
void IncomingWatch::on_news(const ProcessIdentity& process, const wire::Offers& news) {
  if (!is_wanted(process.pid)) return;
  const SourceKey key = key_of(process);
  forget_those_that_have_ended();
  const MutexLock lock(mutex_);
  Source& source = sources_[key];
  for (const wire::OfferLine& line : news.lines) {
    const IncomingOffer offer = incoming(process.pid, line);
    if (!may_know(source, series_of(offer.offer_id)) || !is_news(source, offer)) continue;
    if (is_next(source, series_of(offer.offer_id)) || source.early.size() == kMaxQueued) {
      tell_or_miss(key, source, offer);
    } else {
      source.early.push_back(offer);
    }
  }
  if (!source.has_more()) return;
  if (has_room(source)) return visit_later(key, kExhaustedDelay);
  source.is_held_up = true;
}

void IncomingWatch::tell_or_miss(const SourceKey& key, Source& source, const IncomingOffer& offer) {
  const uint64_t series = series_of(offer.offer_id);
  const bool is_in_order = source.early.empty() && !source.missed.contains(series);
  if (is_in_order && has_room(source)) return tell(key, source, offer);
  source.last_told.try_emplace(series, 0);
  uint64_t& missed = source.missed[series];
  missed = std::max(missed, offer.offer_id);
}

// Call this when the older offers have been told, or there is no broker left that could tell them.
void IncomingWatch::tell_what_was_early(const SourceKey& key, Source& source) {
  if (source.is_being_listed()) return;
  for (const IncomingOffer& offer : std::exchange(source.early, {})) {
    if (is_news(source, offer)) tell_or_miss(key, source, offer);
  }
  if (source.has_more()) visit_later(key, kExhaustedDelay);
}

void IncomingWatch::on_hang_up(const SourceKey& key, Source& source) {
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
  bool is_searching = false;
  {
    const MutexLock lock(mutex_);
    Source& source = sources_[key];
    source.next_visit = 0;
    is_searching = source.search != nullptr;
    if (!is_searching) {
      source.is_held_up = source.is_held_up || !has_room(source);
      if (source.is_held_up || !source.has_more()) return;
    }
  }
  if (!is_searching) return ask_again(key);
  search_on(key);
}

// Asks for every offer that stands. Offers that were told before are passed over; those that were missed are in the new
// lists.
void IncomingWatch::ask_again(const SourceKey& key) {
  std::vector<std::shared_ptr<AnswerReader>> former;
  {
    const MutexLock lock(mutex_);
    Source& source = sources_[key];
    former.swap(source.readers);
    source.lists_under_way = 0;
    source.has_hung_up = false;
    source.missed.clear();
    // It must have a broker, under whatever name: it has announced something, or was found once.
    source.search = std::make_unique<BrokerSearch>(key.pid, BrokerSearch::Effort::kUtmost, Takes::kNone);
  }
  for (const auto& reader : former) reader->stop();
  search_on(key);
}

void IncomingWatch::search_on(const SourceKey& key) {
  std::unique_ptr<BrokerSearch> search;
  {
    const MutexLock lock(mutex_);
    search.swap(sources_[key].search);
  }
  Status lack;
  bool is_through = false;
  const Result<ProcessIdentity> process = identify_process(key.pid);
  if (!process.is_ok()) lack = process.status();
  const bool is_gone = process.is_ok() ? key_of(process.value()) != key : lack.code() != Code::kTooMany;
  if (is_gone) return forget(key);
  while (lack.is_ok() && !is_through) {
    BrokerSearch::Found found = search->next(process.value());
    if (found.step == BrokerSearch::Step::kLater) break;
    if (found.step == BrokerSearch::Step::kFailed) lack = found.status;
    is_through = found.step == BrokerSearch::Step::kNoMore;
    if (found.step == BrokerSearch::Step::kConnected) ask(key, std::move(*found.broker));
  }
  const MutexLock lock(mutex_);
  Source& source = sources_[key];
  // This search does not return to a broker that it reached and could not keep, so the next visit begins a new search.
  if (lack.code() == Code::kTooMany) return on_hang_up(key, source);
  if (lack.is_ok() && !is_through) {
    source.search.swap(search);
    visit_later(key, kExhaustedDelay);
  } else if (source.has_hung_up) {
    visit_later(key, source.patience);
  } else {
    tell_what_was_early(key, source);
  }
}

// Keeps the offers of a source that has ended until they are taken: a claim of one reports the end.
void IncomingWatch::forget(const SourceKey& key) {
  const MutexLock lock(mutex_);
  const auto found = sources_.find(key);
  if (found == sources_.end() || found->second.is_being_listed()) return;
  tell_what_was_early(key, found->second);
  if (!found->second.queue.empty()) return;
  loop_.cancel_call(found->second.next_visit);
  sources_.erase(found);
}

// Nothing reports the end of sources that only announced offers over connections of their own.
void IncomingWatch::forget_those_that_have_ended() {
  const MutexLock lock(mutex_);
  if (sources_.size() < count_to_sweep_at_) return;
  std::erase_if(sources_, [](const auto& entry) {
    const auto& [key, source] = entry;
    if (!source.queue.empty() || source.is_being_listed() || source.next_visit != 0) return false;
    const Result<ProcessIdentity> process = identify_process(key.pid);
    return process.is_ok() ? key_of(process.value()) != key : process.status().code() == Code::kNoProcess;
  });
  count_to_sweep_at_ = std::max(kLeastToSweep, 2 * sources_.size());
}

bool IncomingWatch::has_room(const Source& source) const {
  const size_t own = source.queue.size();
  return own == 0 || (own < kMaxQueued && leaves_enough(own, queued_, kMaxQueuedByAll));
}

bool IncomingWatch::may_know(const Source& source, uint64_t series) const {
  return source.last_told.contains(series) || source.last_told.size() < kMaxSeries;
}

bool IncomingWatch::is_news(const Source& source, const IncomingOffer& offer) const {
  const auto found = source.last_told.find(series_of(offer.offer_id));
  return found == source.last_told.end() || offer.offer_id > found->second;
}

// Whether every older offer of that series has been told.
bool IncomingWatch::is_next(const Source& source, uint64_t series) const {
  if (source.is_being_listed() || !source.early.empty() || source.missed.contains(series)) return false;
  const auto found = source.last_told.find(series);
  return has_asked_all_ || (found != source.last_told.end() && found->second > 0);
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

IncomingWatch::Taken IncomingWatch::take(const std::set<int>& except_from) {
  const MutexLock lock(mutex_);
  const auto turn = std::find_if(turns_.begin(), turns_.end(),
                                 [&except_from](const SourceKey& key) { return !except_from.contains(key.pid); });
  if (turn == turns_.end()) {
    is_awaited_ = true;
    return {};
  }
  const SourceKey key = *turn;
  turns_.erase(turn);
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
  const MutexLock lock(mutex_);
  const auto found = sources_.find(key);
  if (found == sources_.end()) return;
  Source& source = found->second;
  for (const auto& reader : source.readers) source.has_hung_up |= !reader->resume();
  if (source.has_more()) visit_later(key, std::chrono::milliseconds(0));
}

void IncomingWatch::silence() {
  const MutexLock lock(mutex_);
  on_available_ = nullptr;
  on_held_up_ = nullptr;
}

IncomingWatch::~IncomingWatch() {
  if (survey_ != nullptr) survey_->stop();
  for (const auto& [key, source] : sources_) {
    loop_.cancel_call(source.next_visit);
    for (const auto& reader : source.readers) reader->stop();
  }
}

}  // namespace vmoffer
