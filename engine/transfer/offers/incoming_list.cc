#include "engine/transfer/offers/incoming_list.h"

#include <map>
#include <memory>
#include <utility>

namespace vmoffer {
namespace {

// The limits for one process and for all: an endless list must not fill the memory of the process that asks.
constexpr size_t kMaxListedOffers = 65536;
constexpr size_t kMaxListedByAll = 4 * kMaxListedOffers;

// What the brokers have listed so far. If a broker is asked again, its list begins anew.
class Lists {
 public:
  void on_found(size_t broker, const ProcessIdentity& process) {
    lists_.resize(broker + 1);
    lists_[broker].source = key_of(process);
  }
  void on_asked(size_t broker) {
    List& list = lists_[broker];
    of_source_[list.source] -= list.offers.size();
    of_all_ -= list.offers.size();
    list.offers.clear();
  }
  // False if there is no room for that many.
  bool add(size_t broker, const std::vector<wire::OfferLine>& lines) {
    List& list = lists_[broker];
    const size_t own = of_source_[list.source] + lines.size();
    if (own > kMaxListedOffers || !leaves_enough(own, of_all_, kMaxListedByAll)) return false;
    of_source_[list.source] = own;
    of_all_ += lines.size();
    for (const wire::OfferLine& line : lines) list.offers.push_back(incoming(list.source.pid, line));
    return true;
  }
  std::vector<IncomingOffer> all() const {
    std::vector<IncomingOffer> all;
    all.reserve(of_all_);
    for (const List& list : lists_) all.insert(all.end(), list.offers.begin(), list.offers.end());
    return all;
  }

 private:
  struct List {
    SourceKey source;
    std::vector<IncomingOffer> offers;
  };
  std::vector<List> lists_;
  std::map<SourceKey, size_t> of_source_;
  size_t of_all_ = 0;
};

}  // namespace

void list_incoming(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, IncomingListDone done) {
  auto lists = std::make_shared<Lists>();
  Survey::Callbacks callbacks;
  callbacks.on_found = [lists](size_t broker, const ProcessIdentity& process) { lists->on_found(broker, process); };
  callbacks.on_asked = [lists](size_t broker) { lists->on_asked(broker); };
  callbacks.on_answer = [lists](size_t broker, const ProcessIdentity&, const wire::Message& answer) {
    const auto* some = std::get_if<wire::Offers>(&answer);
    return some != nullptr && lists->add(broker, some->lines);
  };
  callbacks.on_done = [lists, done = std::move(done)](Result<Survey::Asked> asked) {
    if (!asked.is_ok()) return done(asked.status());
    done(IncomingList{lists->all(), asked.value().missed});
  };
  Survey::start(loop, places, wire::List{/*follow=*/false}, timeout, std::move(callbacks));
}

}  // namespace vmoffer
