// incoming: what other processes offer to this one. list_incoming asks once, IncomingWatch goes on listening.
// Loop thread only, but for silence(). The callbacks are called there and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/transfer/answer_reader.h"

namespace vmoffer {

struct IncomingOffer {
  int source_pid = 0;
  uint64_t offer_id = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t flags = 0;
};

using IncomingListDone = std::function<void(Result<std::vector<IncomingOffer>>)>;
// Brokers that have not answered at the deadline are left out, and what one process offers beyond its first 65536.
void list_incoming(EventLoop& loop, std::chrono::milliseconds timeout, IncomingListDone done);

class IncomingWatch {
 public:
  using OnOffer = std::function<void(const IncomingOffer&)>;

  IncomingWatch(EventLoop& loop, OnOffer on_offer) : loop_(loop), on_offer_(std::move(on_offer)) {}
  // Asks every broker there is now, or a little later when there are no descriptors for it. Those that come later tell
  // on their own.
  void start();
  void on_news(const ProcessIdentity& source, const wire::Offers& news);
  // Any thread. No callback is called after this has returned.
  void silence();
  ~IncomingWatch();

  IncomingWatch(const IncomingWatch&) = delete;
  IncomingWatch& operator=(const IncomingWatch&) = delete;

 private:
  using SourceKey = std::pair<uint64_t, int>;
  struct Source {
    size_t lists_under_way = 0;
    std::vector<IncomingOffer> waiting;  // news that came before the lists were through
    // By series: ids grow, so what is not above the last one told was told already, over another connection.
    std::map<uint64_t, uint64_t> last_told;
  };

  void ask(BrokerConnection broker);
  void on_list_end(const SourceKey& key);
  void tell(Source& source, const IncomingOffer& offer);

  EventLoop& loop_;
  std::vector<std::shared_ptr<AnswerReader>> readers_;
  EventLoop::Token retry_ = 0;
  bool has_asked_ = false;
  std::mutex mutex_;  // guards on_offer_ and sources_, held while it is called
  OnOffer on_offer_;
  std::map<SourceKey, Source> sources_;
};

}  // namespace vmoffer
