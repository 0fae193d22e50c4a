// Uses the engine from many threads at once, without Node, for ThreadSanitizer: npm run test:tsan. Everything is
// offered to this very process, so that both sides of every claim run here. Prints 'ok' when all went as it should.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/checkpoint.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "engine/transfer/claim/claim_driver.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/transfer/runtime.h"
#include "fixtures/probe/later_source.h"

namespace {

using namespace vmoffer;

constexpr std::chrono::milliseconds kPatience{60000};
constexpr uint64_t kPages = 96;
// Enough pages for read-ahead to begin and to give several orders.
constexpr uint64_t kManyPages = 4096;
constexpr uint32_t kDisown = kDropMask;

void fail(const char* expression, int line, const std::string& why) {
  std::fprintf(stderr, "spec/engine/threads.cc:%d: %s does not hold: %s\n", line, expression, why.c_str());
  std::_Exit(1);
}

#define EXPECT(condition) \
  if (!(condition)) fail(#condition, __LINE__, "")
#define EXPECT_OK(result) \
  if (!(result).is_ok()) fail(#result, __LINE__, (result).status().message())

// Remembers how an offer ended.
class Observer final : public OfferObserver {
 public:
  void on_ended(OfferState ending) override { ended_.set_value(ending); }
  void on_released() override { released_.set_value(); }
  OfferState ending() { return ended_.get_future().get(); }
  void wait_for_release() { released_.get_future().wait(); }

 private:
  std::promise<OfferState> ended_;
  std::promise<void> released_;
};

// Reads the mark of a page. Not instrumented, because pages are touched while their mapping is replaced.
__attribute__((no_sanitize("thread"))) uint8_t read_page(uint64_t address, uint64_t page) {
  return *reinterpret_cast<volatile uint8_t*>(address + page * page_bytes() + page);
}

__attribute__((no_sanitize("thread"))) void write_page(uint64_t address, uint64_t page, uint8_t value) {
  *reinterpret_cast<volatile uint8_t*>(address + page * page_bytes() + page) = value;
}

uint8_t mark_of(uint64_t page) { return static_cast<uint8_t>(page * 7 + 1); }

std::shared_ptr<Region> allocate_marked(uint64_t pages = kPages) {
  Result<std::shared_ptr<Region>> region = Runtime::instance().allocate(pages * page_bytes(), false, false);
  EXPECT_OK(region);
  for (uint64_t page = 0; page < pages; ++page) write_page(region.value()->address(), page, mark_of(page));
  return region.take();
}

OfferId offer_to_self(const Region& region, uint32_t flags, const std::shared_ptr<Observer>& observer) {
  const Runtime::OfferRequest request{own_pid(), region.address(), region.byte_length(), flags};
  const Result<OfferId> id = Runtime::instance().offer(request, observer);
  EXPECT_OK(id);
  return id.value();
}

ClaimRequest request_for(const Region& region, wire::Transfer transfer = wire::Transfer::kMap) {
  const Result<PagingChoice> paging = Runtime::instance().choose_paging(PagingWish::kAuto, transfer);
  EXPECT_OK(paging);
  return {own_pid(), region.address(), paging.value(), transfer};
}

Result<ReceivedClaim> claim_async(const ClaimRequest& request) {
  std::promise<Result<ReceivedClaim>> result;
  Runtime::instance().broker().value()->claims().begin(
      request, kPatience, [&](Result<ReceivedClaim> claim) { result.set_value(std::move(claim)); });
  return result.get_future().get();
}

Result<ReceivedClaim> claim(const ClaimRequest& request, bool is_async) {
  return is_async ? claim_async(request)
                  : Runtime::instance().broker().value()->claims().claim_and_wait(request, kPatience);
}

void run_at_once(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

void expect_marks(uint64_t address, uint64_t first_page) {
  for (uint64_t i = 0; i < kPages; ++i) {
    const uint64_t page = (first_page + i) % kPages;
    EXPECT(read_page(address, page) == mark_of(page));
  }
}

// Several threads read a claim, each from another page on.
void read_together(int round, uint32_t flags, wire::Transfer transfer) {
  std::shared_ptr<Region> source = allocate_marked();
  const auto observer = std::make_shared<Observer>();
  offer_to_self(*source, flags, observer);
  Result<ReceivedClaim> received = claim(request_for(*source, transfer), round % 2 == 0);
  EXPECT_OK(received);
  EXPECT(observer->ending() == OfferState::kClaimed);
  std::shared_ptr<Region> region = received.take().region;
  if (!region->is_paged()) EXPECT(region->prefetch(0, region->byte_length()).is_ok());
  run_at_once(3, [&](int i) { expect_marks(region->address(), static_cast<uint64_t>(i) * 31); });
  EXPECT(region->stats().faults <= kPages * 3);
  region->release(false);
  region.reset();
  observer->wait_for_release();
}

// A claim is released while it is read and prefetched, and reads as zeros from then on.
void release_under_readers(int round) {
  std::shared_ptr<Region> source = allocate_marked();
  offer_to_self(*source, kRead, std::make_shared<Observer>());
  Result<ReceivedClaim> received = claim(request_for(*source), round % 2 == 0);
  EXPECT_OK(received);
  const std::shared_ptr<Region> region = received.take().region;
  run_at_once(4, [&](int i) {
    if (i == 0) return region->release(true);
    if (i == 1) return (void)region->prefetch(0, region->byte_length());
    for (uint64_t page = 0; page < kPages; ++page) {
      const uint8_t mark = read_page(region->address(), page);
      EXPECT(mark == mark_of(page) || mark == 0);
    }
  });
  for (uint64_t page = 0; page < kPages; ++page) EXPECT(read_page(region->address(), page) == 0);
}

// A claim is read upwards and downwards, while the helper installs ahead and another thread prefetches. At last it is
// released.
void read_ahead(int round) {
  const wire::Transfer transfer = round % 2 == 0 ? wire::Transfer::kMap : wire::Transfer::kPull;
  std::shared_ptr<Region> source = allocate_marked(kManyPages);
  offer_to_self(*source, kRead, std::make_shared<Observer>());
  Result<ReceivedClaim> received = claim(request_for(*source, transfer), true);
  EXPECT_OK(received);
  const std::shared_ptr<Region> region = received.take().region;
  std::atomic<uint64_t> pages_read = 0;
  run_at_once(4, [&](int i) {
    if (i == 0 && round % 4 < 2) return (void)region->prefetch(region->byte_length() / 2, region->byte_length() / 4);
    if (i == 1 && round % 8 < 4) {
      while (pages_read < kManyPages / 2) std::this_thread::yield();
      return region->release(true);
    }
    if (i < 2) return;
    for (uint64_t step = 0; step < kManyPages; ++step, ++pages_read) {
      const uint64_t page = i == 2 ? step : kManyPages - 1 - step;
      const uint8_t mark = read_page(region->address(), page);
      EXPECT(mark == mark_of(page) || (round % 8 < 4 && mark == 0));
    }
  });
  const PagingStats stats = region->stats();
  EXPECT(stats.read_ahead_hits + stats.read_ahead_waste <= kManyPages);
}

// Pages come later, in any order, while threads touch them; a prefetch or the end of the range interferes.
void touch_what_comes_later(int round) {
  const Result<PagingChoice> paging = Runtime::instance().choose_paging(PagingWish::kUserFault, wire::Transfer::kMap);
  if (!paging.is_ok()) return;
  const bool ends = round % 2 == 0;
  const std::shared_ptr<MemoryObject> object = MemoryObject::create(kPages * page_bytes(), false).take();
  const auto book = std::make_shared<LaterBook>(object, 1 + static_cast<uint64_t>(round) % 4);
  Mapping mapping =
      Mapping::of_object(object->fd(), object->byte_length(), Sharing::kShared, Protection{true, false}, false).take();
  Pager& pager = *paging.value().pager;
  const std::shared_ptr<PagedRange> range =
      pager.add(mapping.address(), mapping.byte_length(), std::make_unique<LaterSource>(book)).take();
  std::atomic<uint64_t> pages_read = 0;
  run_at_once(5, [&](int i) {
    if (i == 0) {
      while (pages_read < 3 * kPages) book->bring_all(mark_of(0)), std::this_thread::yield();
    } else if (i == 1 && ends) {
      while (pages_read < kPages / 2) std::this_thread::yield();
      range->stop();
      EXPECT(mapping.put_zeros(0, mapping.byte_length()).is_ok());
      range->set_replaced();
      pager.remove(range);
    } else if (i == 1) {
      range->prefetch(0, mapping.byte_length());
    } else {
      for (uint64_t step = 0; step < kPages; ++step, ++pages_read) {
        const uint64_t page = (step * static_cast<uint64_t>(2 * i + 1)) % kPages;
        const uint8_t mark = read_page(mapping.address(), page);
        EXPECT(mark == mark_of(0) || (ends && mark == 0));
      }
    }
  });
  EXPECT(range->stats().pages_by_fault + range->stats().pages_by_prefetch <= kPages);
  pager.remove(range);
}

// One thread cancels and two claim: one of the three wins, and all agree on which.
void cancel_against_claims(int) {
  const std::shared_ptr<Region> source = allocate_marked();
  const auto observer = std::make_shared<Observer>();
  const OfferId id = offer_to_self(*source, kRead | kWrite, observer);
  std::atomic<int> claims = 0;
  std::atomic<int> cancels = 0;
  run_at_once(3, [&](int i) {
    if (i == 0) {
      if (Runtime::instance().cancel(id) == CancelOutcome::kCancelled) ++cancels;
      return;
    }
    const Result<ReceivedClaim> received = claim(request_for(*source), i == 1);
    if (received.is_ok()) ++claims;
  });
  // One claim may be refused because the other was under way, and that may then lose to the cancellation: nobody has
  // it.
  if (claims + cancels == 0) EXPECT(Runtime::instance().cancel(id) == CancelOutcome::kCancelled);
  EXPECT(claims + cancels <= 1);
  EXPECT(observer->ending() == (claims == 1 ? OfferState::kClaimed : OfferState::kCancelled));
}

// A claim is abandoned at some moment: either it fails and the offer stands, or it was too late and the claim is made.
void abandon_claims(int) {
  const std::shared_ptr<Region> source = allocate_marked();
  const auto observer = std::make_shared<Observer>();
  const OfferId id = offer_to_self(*source, kRead, observer);
  Broker& broker = *Runtime::instance().broker().value();
  std::promise<bool> has_claimed;
  const ClaimsUnderWay::Ticket ticket =
      broker.claims().begin(request_for(*source), kPatience,
                            [&](const Result<ReceivedClaim>& received) { has_claimed.set_value(received.is_ok()); });
  broker.claims().abandon(ticket);
  if (has_claimed.get_future().get()) {
    EXPECT(observer->ending() == OfferState::kClaimed);
    return;
  }
  // The source learns of it a moment later.
  while (Runtime::instance().cancel(id) == CancelOutcome::kTooLate) std::this_thread::yield();
  EXPECT(observer->ending() == OfferState::kCancelled);
}

// A claim is taken back after its source has sent DONE. The thread that should read that comes to it after the
// deadline: messages that were sent in time must count, or nobody would have the memory.
void abandon_answered_claim() {
  constexpr int kNobody = 1 << 30;
  constexpr std::chrono::milliseconds kStall{1200};  // longer than a claimer waits for an answer
  const std::shared_ptr<Region> source = allocate_marked();
  const auto observer = std::make_shared<Observer>();
  offer_to_self(*source, kRead | kWrite | kDisown, observer);
  Broker& broker = *Runtime::instance().broker().value();
  std::promise<void> dropped;
  std::promise<void> goes_on;
  set_checkpoint_hook([&](const std::string& name) {
    if (name != "source.dropped") return;
    dropped.set_value();
    goes_on.get_future().wait();
  });
  std::promise<Result<ReceivedClaim>> received;
  const ClaimsUnderWay::Ticket ticket = broker.claims().begin(
      request_for(*source), kPatience, [&](Result<ReceivedClaim> claim) { received.set_value(std::move(claim)); });
  dropped.get_future().wait();
  set_checkpoint_hook(nullptr);
  broker.claims().abandon(ticket);
  // This claim is refused at once, on the broker's thread.
  std::promise<void> stalled;
  broker.claims().begin({kNobody, source->address(), request_for(*source).paging}, kPatience,
                        [&](const Result<ReceivedClaim>&) {
                          std::this_thread::sleep_for(kStall);
                          stalled.set_value();
                        });
  goes_on.set_value();
  stalled.get_future().wait();
  Result<ReceivedClaim> claim = received.get_future().get();
  EXPECT_OK(claim);
  EXPECT(observer->ending() == OfferState::kClaimed);
  expect_marks(claim.value().region->address(), 0);
}

// Threads list and watch while offers come and go. Each watch is told of an offer at most once.
void list_and_watch(int) {
  Broker& broker = *Runtime::instance().broker().value();
  const std::shared_ptr<Region> source = allocate_marked();
  int told = 0;
  std::counting_semaphore<> available(0);
  const Broker::Ticket watch = broker.watch({}, [&] { available.release(); });
  const auto take_all = [&] {
    while (const std::optional<IncomingOffer> offer = broker.take_incoming(watch)) {
      told += offer->address == source->address() ? 1 : 0;
    }
  };
  const OfferId id = offer_to_self(*source, kRead, std::make_shared<Observer>());
  for (take_all(); told == 0; take_all()) available.acquire();
  std::promise<Result<IncomingList>> listed;
  broker.list(kPatience, [&](Result<IncomingList> offers) { listed.set_value(std::move(offers)); });
  Result<IncomingList> offers = listed.get_future().get();
  EXPECT_OK(offers);
  int found = 0;
  for (const IncomingOffer& offer : offers.value().offers) found += offer.offer_id == id ? 1 : 0;
  EXPECT(found == 1);
  int sent = 0;
  for (const SentOffer& offer : Runtime::instance().sent_offers()) sent += offer.offer.id == id ? 1 : 0;
  EXPECT(sent == 1);
  EXPECT(Runtime::instance().state_of(id) == OfferState::kPending);
  take_all();
  broker.unwatch(watch);
  EXPECT(told == 1);
  EXPECT(Runtime::instance().cancel(own_pid(), source->address()) == CancelOutcome::kCancelled);
}

// How many times this process reports a claim there.
int times_told(uint64_t address) {
  std::promise<Result<std::vector<HeldReport>>> asked;
  Runtime::instance().broker().value()->ask_what_is_held(
      kPatience, [&](Result<std::vector<HeldReport>> reports) { asked.set_value(std::move(reports)); });
  const Result<std::vector<HeldReport>> reports = asked.get_future().get();
  EXPECT_OK(reports);
  int told = 0;
  for (const HeldReport& report : reports.value()) {
    if (report.pid != own_pid()) continue;
    for (const wire::HeldLine& line : report.claims) told += line.address == address ? 1 : 0;
  }
  return told;
}

// A held claim is reported once, also while it is touched. A released claim is not reported.
void look_at_claims(int round) {
  const std::shared_ptr<Region> source = allocate_marked();
  offer_to_self(*source, kRead, std::make_shared<Observer>());
  Result<ReceivedClaim> received = claim(request_for(*source), round % 2 == 0);
  EXPECT_OK(received);
  const ReceivedClaim held = received.take();
  Runtime::instance().enlist(held);
  const uint64_t address = held.region->address();
  run_at_once(3, [&](int i) {
    if (i == 0) return expect_marks(address, 0);
    EXPECT(times_told(address) == 1);
  });
  // Keeps its addresses, so that no other claim gets them.
  held.region->release(/*keep_addresses=*/true);
  EXPECT(times_told(address) == 0);
}

// The memory leaves the source while another thread reads it there: it finds the bytes, or zeros.
void disown_under_readers(int round) {
  std::shared_ptr<Region> source = allocate_marked();
  const auto disowned = std::make_shared<Observer>();
  offer_to_self(*source, kRead | kWrite | kDisown, disowned);
  std::shared_ptr<Region> region;
  run_at_once(2, [&](int i) {
    if (i == 0) {
      Result<ReceivedClaim> received = claim(request_for(*source), round % 2 == 0);
      EXPECT_OK(received);
      region = received.take().region;
      return;
    }
    for (uint64_t page = 0; page < kPages; ++page) {
      const uint8_t mark = read_page(source->address(), page);
      EXPECT(mark == mark_of(page) || mark == 0);
    }
  });
  EXPECT(disowned->ending() == OfferState::kClaimed);
  for (uint64_t page = 0; page < kPages; ++page) EXPECT(read_page(source->address(), page) == 0);
  expect_marks(region->address(), 0);
}

// A region is dropped while another thread looks up an address in it, and so holds the last reference.
void forget_while_looked_up(int) {
  constexpr int kTimes = 500;
  std::shared_ptr<Region> region = allocate_marked(1);
  const uint64_t behind = region->address() + page_bytes();
  std::atomic<bool> is_over = false;
  run_at_once(2, [&](int who) {
    if (who == 0) {
      // The kernel reuses the same addresses again and again.
      for (int i = 0; i < kTimes; ++i) region = allocate_marked(1);
      is_over = true;
      return;
    }
    while (!is_over) {
      const Runtime::OfferRequest request{own_pid(), behind, page_bytes(), kRead};
      const Result<OfferId> id = Runtime::instance().offer(request, std::make_shared<Observer>());
      if (id.is_ok()) Runtime::instance().cancel(id.value());
    }
  });
}

// A claim whose pages come when they are touched. Before that only the source has them.
std::shared_ptr<Region> claim_pulled(bool is_async, uint32_t flags) {
  const std::shared_ptr<Region> source = allocate_marked();
  offer_to_self(*source, flags, std::make_shared<Observer>());
  Result<ReceivedClaim> received = claim(request_for(*source, wire::Transfer::kPull), is_async);
  EXPECT_OK(received);
  if (!received.value().region->is_paged()) EXPECT(received.value().region->prefetch(0, kPages * page_bytes()).is_ok());
  Runtime::instance().enlist(received.value());
  return received.take().region;
}

bool offer_part(const std::weak_ptr<Region>& offered, uint64_t first_page, uint64_t page_count) {
  const std::shared_ptr<Region> region = offered.lock();
  if (region == nullptr) return false;
  const Runtime::OfferRequest request{own_pid(), region->address() + first_page * page_bytes(),
                                      page_count * page_bytes(), kRead};
  return Runtime::instance().offer(request, std::make_shared<Observer>()).is_ok();
}

// A claim is released while it is offered onward, whole or in part: the offer is refused, or has all of its bytes.
void release_under_offers(int round) {
  const uint32_t flags = round % 2 == 0 ? kRead : kRead | kWrite | kDisown;
  const uint64_t first = round % 4 < 2 ? 0 : kPages / 3;
  const uint64_t count = kPages - first;
  const bool ends = round % 8 < 4;
  std::shared_ptr<Region> region = claim_pulled(round % 2 == 0, flags);
  const uint64_t address = region->address();
  const ClaimRequest onward{own_pid(), address + first * page_bytes(), request_for(*region).paging};
  const std::weak_ptr<Region> offered = region;
  run_at_once(2, [&](int i) {
    if (i == 0 && ends) return region.reset();
    if (i == 0) return region->release(/*keep_addresses=*/round % 16 < 8);
    if (!offer_part(offered, first, count)) return;
    Result<ReceivedClaim> received = claim(onward, true);
    EXPECT_OK(received);
    const std::shared_ptr<Region> further = received.take().region;
    for (uint64_t page = 0; page < count; ++page) {
      EXPECT(read_page(further->address() - first * page_bytes(), first + page) == mark_of(first + page));
    }
  });
}

// A region ends while an offered part of it is being carved. Its range reads as zeros in the end, and must not be
// read there any more.
void claim_from_ending_region() {
  std::shared_ptr<Region> region = claim_pulled(false, kRead);
  if (!region->is_paged()) return std::puts("skipped: claim_from_ending_region needs full userfaultfd"), void();
  const uint64_t address = region->address();
  const ClaimRequest onward{own_pid(), address, request_for(*region).paging};
  EXPECT(offer_part(region, 0, kPages));
  std::atomic<std::thread::id> ender;
  std::promise<void> is_ending;
  std::promise<void> is_carving;
  std::promise<void> has_ended;
  set_checkpoint_hook([&](const std::string& name) {
    const bool is_other = std::this_thread::get_id() != ender.load();
    if (name == "region.ending") {
      is_ending.set_value();
      is_carving.get_future().wait();
    } else if (name == "carve.private" && is_other) {
      is_carving.set_value();
      has_ended.get_future().wait();
    } else if (name == "extents.awaited") {
      is_carving.set_value();
    }
  });
  std::thread ending([&] {
    ender = std::this_thread::get_id();
    region.reset();
  });
  is_ending.get_future().wait();
  std::promise<Result<ReceivedClaim>> result;
  Runtime::instance().broker().value()->claims().begin(
      onward, kPatience, [&](Result<ReceivedClaim> claim) { result.set_value(std::move(claim)); });
  ending.join();
  set_checkpoint_hook(nullptr);
  has_ended.set_value();
  Result<ReceivedClaim> received = result.get_future().get();
  EXPECT_OK(received);
  expect_marks(received.value().region->address(), 0);
}

// Looking at the extents of a region is no stake in it: nothing is brought in and kept for that.
void release_under_a_look() {
  const std::shared_ptr<Region> region = claim_pulled(false, kRead);
  if (!region->is_paged()) return std::puts("skipped: release_under_a_look needs full userfaultfd"), void();
  const std::shared_ptr<Extents> looked_at = region->extents();
  region->release(/*keep_addresses=*/false);
  EXPECT(region->stats().bytes_pulled == 0);
  EXPECT(looked_at->byte_length() == region->byte_length());
}

// Runs each scenario on a thread of its own, so that they run into each other.
void run(int rounds) {
  using Scenario = std::function<void(int)>;
  const std::vector<Scenario> scenarios = {
      [](int round) { read_together(round, kRead, wire::Transfer::kMap); },
      [](int round) { read_together(round, kRead | kWrite, wire::Transfer::kMap); },
      [](int round) { read_together(round, kRead, wire::Transfer::kPull); },
      release_under_readers,
      read_ahead,
      touch_what_comes_later,
      cancel_against_claims,
      abandon_claims,
      list_and_watch,
      look_at_claims,
      disown_under_readers,
      forget_while_looked_up,
      release_under_offers,
  };
  run_at_once(static_cast<int>(scenarios.size()), [&](int i) {
    for (int round = 0; round < rounds; ++round) scenarios[static_cast<size_t>(i)](round);
  });
}

}  // namespace

int main(int count, char** arguments) {
  abandon_answered_claim();
  claim_from_ending_region();
  release_under_a_look();
  run(count > 1 ? std::atoi(arguments[1]) : 40);
  std::puts("ok");
  // Ends as a process does, while the broker and the pager still run.
  return 0;
}
