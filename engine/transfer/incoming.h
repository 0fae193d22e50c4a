// incoming: what other processes offer to this one. list_incoming asks once, IncomingWatch goes on listening.
// Loop thread only, but for take() and silence(). The callbacks are called there and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/transfer/answer_reader.h"
#include "engine/transfer/rights.h"

namespace vmoffer {

struct IncomingOffer {
  int source_pid = 0;
  uint64_t offer_id = 0;
  uint64_t address = 0;
  uint64_t byte_length = 0;
  uint32_t flags = 0;
};

using IncomingListDone = std::function<void(Result<std::vector<IncomingOffer>>)>;
// Brokers that have not answered at the deadline are left out, and what one process offers beyond its first 65536, or
// beyond what is left of the 262144 of them all.
void list_incoming(EventLoop& loop, std::chrono::milliseconds timeout, IncomingListDone done);

// IncomingWatch keeps what it has heard until it is taken, a bounded number of offers from each source. A source that
// offers faster than they are taken is not read any more, or asked again for what it still offers: so it waits for its
// own offers to be taken, and for nobody else's.
class IncomingWatch {
 public:
  struct Wanted {
    OfferKind kind = OfferKind::kMemory;
    int source_pid = 0;  // 0: any
  };
  // There is something to take. Called once, and once more for each take() that has found nothing.
  using OnAvailable = std::function<void()>;

  IncomingWatch(EventLoop& loop, const Wanted& wanted, OnAvailable on_available)
      : loop_(loop), wanted_(wanted), on_available_(std::move(on_available)) {}
  // Asks every broker there is now, or a little later when there are no descriptors for it. Those that come later tell
  // on their own.
  void start();
  void on_news(const ProcessIdentity& source, const wire::Offers& news);

  struct SourceKey {
    uint64_t unique_id = 0;
    int pid = 0;
    auto operator<=>(const SourceKey&) const = default;
  };
  struct Taken {
    std::optional<IncomingOffer> offer;
    std::optional<SourceKey> to_resume;  // call resume() on the loop's thread
  };
  // Any thread. The next offer; sources take turns.
  Taken take();
  void resume(const SourceKey& key);
  // Any thread. No callback is called after this has returned.
  void silence();
  ~IncomingWatch();

  IncomingWatch(const IncomingWatch&) = delete;
  IncomingWatch& operator=(const IncomingWatch&) = delete;

 private:
  struct Source {
    std::deque<IncomingOffer> queue;
    // By series: ids grow, so what is not above the last one told was told already, over another connection.
    std::map<uint64_t, uint64_t> last_told;
    std::map<uint64_t, uint64_t> missed;  // by series, the last one that was heard of and not told
    size_t lists_under_way = 0;
    bool is_held_up = false;  // it is to be resumed when enough has been taken
    // Loop thread only:
    std::vector<std::shared_ptr<AnswerReader>> readers;
    bool has_hung_up = false;
    EventLoop::Token next_visit = 0;
    std::chrono::milliseconds patience = kExhaustedDelay;
  };

  bool is_wanted(const ProcessIdentity& process) const;
  void ask(const SourceKey& key, BrokerConnection broker);
  void ask_again(const SourceKey& key);
  void visit(const SourceKey& key);
  void visit_later(const SourceKey& key, std::chrono::milliseconds delay);
  bool on_answer(const SourceKey& key, const wire::Message& answer);
  void on_list_end(const SourceKey& key);
  void on_hang_up(const SourceKey& key, const AnswerReader* reader);
  void forget(const SourceKey& key);
  void forget_those_that_have_ended();
  // With the lock:
  bool has_room(const Source& source) const;
  bool is_news(const Source& source, const IncomingOffer& offer) const;
  void tell(const SourceKey& key, Source& source, const IncomingOffer& offer);

  EventLoop& loop_;
  const Wanted wanted_;
  EventLoop::Token retry_ = 0;
  bool has_asked_ = false;
  size_t count_to_sweep_at_ = 64;
  std::mutex mutex_;  // guards all below
  OnAvailable on_available_;
  bool is_awaited_ = true;
  size_t queued_ = 0;
  std::deque<SourceKey> turns_;  // of sources with something in their queues
  std::map<SourceKey, Source> sources_;
};

}  // namespace vmoffer
