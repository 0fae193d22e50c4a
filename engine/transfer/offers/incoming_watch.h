// IncomingWatch: collects the offers to this process, those that stand and those that come. Loop thread only, except
// for take() and silence(). The callbacks are called there and must not block.
//
// It asks every source once for the offers that stand already; sources announce later ones by themselves. It queues a
// bounded number of offers from each source until they are taken. If a source offers faster than that, the watch stops
// listening to it, and asks it again for its offers once there is room. So a source waits until its own offers are
// taken, and never for those of others.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/transfer/asking/survey.h"
#include "engine/transfer/offers/incoming_offer.h"
#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {

class IncomingWatch {
 public:
  struct Wanted {
    OfferKind kind = OfferKind::kMemory;
    int source_pid = 0;  // 0: any
  };
  // Called when there is something to take: once, and once more after each take() that has found nothing.
  using OnAvailable = std::function<void()>;
  // As Survey::Callbacks::on_held_up.
  using OnHeldUp = std::function<void(size_t names)>;

  IncomingWatch(EventLoop& loop, SurveyPlaces& places, const Wanted& wanted, OnAvailable on_available,
                OnHeldUp on_held_up)
      : loop_(loop),
        places_(places),
        wanted_(wanted),
        on_available_(std::move(on_available)),
        on_held_up_(std::move(on_held_up)) {}
  // Asks every broker that exists now, however long that takes.
  void start();
  void on_news(const ProcessIdentity& source, const wire::Offers& news);

  struct Taken {
    std::optional<IncomingOffer> offer;
    std::optional<SourceKey> to_resume;  // call resume() on the loop's thread
  };
  // Any thread. Takes the next offer. Sources take turns; those in `except_from` are skipped and keep their turn.
  Taken take(const std::set<int>& except_from);
  void resume(const SourceKey& key);
  // Any thread. No callback is called after this has returned.
  void silence();
  ~IncomingWatch();

  IncomingWatch(const IncomingWatch&) = delete;
  IncomingWatch& operator=(const IncomingWatch&) = delete;

 private:
  struct Source {
    std::deque<IncomingOffer> queue;
    // By series. Ids grow, so an offer whose id is not above the last one told was told before, over another
    // connection.
    std::map<uint64_t, uint64_t> last_told;
    std::vector<IncomingOffer> early;     // news that arrived before the list of older offers
    std::map<uint64_t, uint64_t> missed;  // by series, the last id that was heard of and not told
    size_t lists_under_way = 0;           // lists that this watch has asked for, beside the survey's
    size_t lists_of_survey = 0;
    bool is_held_up = false;  // must be resumed once enough has been taken
    // Loop thread only:
    std::unique_ptr<BrokerSearch> search;  // finds the brokers that are asked again
    std::vector<std::shared_ptr<AnswerReader>> readers;
    bool has_hung_up = false;
    EventLoop::Token next_visit = 0;
    std::chrono::milliseconds patience = kExhaustedDelay;

    bool is_being_listed() const { return lists_under_way + lists_of_survey > 0; }
    bool has_more() const { return has_hung_up || (!is_being_listed() && !(missed.empty() && early.empty())); }
  };
  struct SurveyedBroker {
    SourceKey key;
    bool is_listing = false;
  };
  enum class Heard : uint8_t { kAll, kNoRoomForMore, kNonsense };

  bool is_wanted(int pid) const { return wanted_.source_pid == 0 || wanted_.source_pid == pid; }
  Survey::Callbacks callbacks_of_survey();
  void on_asked_by_survey(size_t broker);
  bool on_answer_to_survey(const SourceKey& key, const wire::Message& answer);
  void on_end_of_survey_of(size_t broker, bool is_whole);
  void ask(const SourceKey& key, BrokerConnection broker);
  void ask_again(const SourceKey& key);
  void search_on(const SourceKey& key);
  void visit(const SourceKey& key);
  bool on_answer(const SourceKey& key, const wire::Message& answer);
  void on_end(const SourceKey& key, const AnswerReader* reader, bool is_whole);
  void forget(const SourceKey& key);
  void forget_those_that_have_ended();
  void visit_later(const SourceKey& key, std::chrono::milliseconds delay) VMO_REQUIRES(mutex_);
  void on_hang_up(const SourceKey& key, Source& source) VMO_REQUIRES(mutex_);
  Heard hear(const SourceKey& key, Source& source, const wire::Message& answer) VMO_REQUIRES(mutex_);
  bool has_room(const Source& source) const VMO_REQUIRES(mutex_);
  bool may_know(const Source& source, uint64_t series) const VMO_REQUIRES(mutex_);
  bool is_news(const Source& source, const IncomingOffer& offer) const VMO_REQUIRES(mutex_);
  bool is_next(const Source& source, uint64_t series) const VMO_REQUIRES(mutex_);
  void tell(const SourceKey& key, Source& source, const IncomingOffer& offer) VMO_REQUIRES(mutex_);
  void tell_or_miss(const SourceKey& key, Source& source, const IncomingOffer& offer) VMO_REQUIRES(mutex_);
  void tell_what_was_early(const SourceKey& key, Source& source) VMO_REQUIRES(mutex_);

  EventLoop& loop_;
  SurveyPlaces& places_;
  const Wanted wanted_;
  std::shared_ptr<Survey> survey_;  // until every broker has been asked
  std::vector<SurveyedBroker> surveyed_;
  bool has_asked_all_ = false;
  size_t count_to_sweep_at_ = 64;
  Mutex mutex_;  // held while a callback is called
  OnAvailable on_available_ VMO_GUARDED_BY(mutex_);
  OnHeldUp on_held_up_ VMO_GUARDED_BY(mutex_);
  bool is_awaited_ VMO_GUARDED_BY(mutex_) = true;
  size_t queued_ VMO_GUARDED_BY(mutex_) = 0;
  std::deque<SourceKey> turns_ VMO_GUARDED_BY(mutex_);  // the sources that have offers queued
  std::map<SourceKey, Source> sources_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
