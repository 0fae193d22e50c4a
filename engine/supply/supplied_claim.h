// SuppliedClaim: the claimer's end of supplied memory. It asks for units over the line, keeps the book of what it was
// told, and ends every wait: by an answer, by the source's silence, or by the end of the line.
//
// Any thread may call any method. None of them waits. What the line brings is heard on 'vmo-supply', which calls
// waiters, pins and the observer with no lock held.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/supply/claimed_units.h"
#include "engine/supply/order_ahead.h"
#include "engine/supply/supply_line.h"
#include "engine/sys/event_loop.h"

namespace vmoffer {

struct ClaimSupplyStats {
  uint64_t units_asked = 0;
  uint64_t units_supplied = 0;  // of those
  uint64_t units_failed = 0;
};

class SuppliedClaim : public SupplyLine::Listener, public std::enable_shared_from_this<SuppliedClaim> {
 public:
  enum class OnFailure : uint8_t { kSignal, kZeros };
  struct Facts {
    uint64_t byte_length = 0;
    uint64_t unit_bytes = 0;
    std::chrono::milliseconds timeout{};
    int source_pid = 0;
    OnFailure on_failure = OnFailure::kSignal;
  };
  struct Failure {
    wire::UnitRange units;
    Status why;
  };
  // Called on the thread that answers, once.
  using Waiter = std::function<void(const Status&)>;
  using PinId = uint64_t;

  // The pages of the claim, where a pager of this process answers its faults.
  class Pages {
   public:
    virtual ~Pages() = default;
    // The bytes are there: what was forbidden of them is forbidden no longer.
    virtual void permit(uint64_t byte_offset, uint64_t byte_length) = 0;
    // The same, and all of them are installed. What turns out not to be there is asked for.
    virtual void bring(uint64_t byte_offset, uint64_t byte_length) = 0;
    // They are not any more: returns when nothing of them is being installed.
    virtual void take_back(uint64_t byte_offset, uint64_t byte_length) = 0;
  };

  // Borrows the loop.
  SuppliedClaim(EventLoop& loop, const Facts& facts);

  const Facts& facts() const { return facts_; }
  // Once, before anybody touches the memory.
  void set_pages(std::weak_ptr<Pages> pages) { pages_ = std::move(pages); }
  // Once. Nothing is received from the claim's connection from here on.
  void start(std::shared_ptr<SupplyLine> line);
  // Nobody has the memory any more: the source hears of it, and nobody is called.
  void end();

  // A thread has touched a byte: its unit is asked for if it has to be, and what comes next. Returns how many bytes may
  // be installed ahead before the next touch is heard of.
  uint64_t on_touch(uint64_t byte_offset);
  // All of these are about to be brought, in order: the first of them are asked for, as many as a supplier may take.
  void order(uint64_t byte_offset, uint64_t byte_length);
  // They are not: those that nobody waits for are not asked for any more.
  void cancel_order(uint64_t byte_offset, uint64_t byte_length);
  // How many bytes are there, from the offset on. If none, `waiter` is called when its unit has been answered; an error
  // says that it will not be.
  Result<uint64_t> want(uint64_t byte_offset, uint64_t byte_length, Waiter waiter);
  // What was said to be there is a hole.
  void on_hole(uint64_t byte_offset);
  // Why there are no bytes; the program is about to have zeros for them where it wants that.
  Status give_up_on(uint64_t byte_offset);
  // Why some of these have none; ok when they all have.
  Status lack_in(uint64_t byte_offset, uint64_t byte_length) const;

  // Has all of the units brought, and keeps them. `done` is called once; after an error nothing is kept.
  PinId pin(uint64_t byte_offset, uint64_t byte_length, Waiter done);
  void unpin(PinId id);

  // Is told that there are failures to take, on the thread that fails. Once.
  void observe_failures(const std::function<void()>& observer);
  std::vector<Failure> take_failures();
  bool has_failed() const;
  ClaimSupplyStats stats() const;

  bool on_message(wire::Message message) override;
  void on_hang_up() override;

  SuppliedClaim(const SuppliedClaim&) = delete;
  SuppliedClaim& operator=(const SuppliedClaim&) = delete;

 private:
  struct Pin {
    PageRange units;
    uint64_t next = 0;
    uint64_t missing = 0;
    Waiter done;
  };
  // What is to be done once the lock is let go of.
  struct Calls {
    std::vector<Waiter> waiters;
    Status status;
    std::function<void()> observer;
  };

  PageRange units_of(uint64_t byte_offset, uint64_t byte_length) const;
  wire::UnitRange bytes_of(PageRange units) const;
  bool are_units(const wire::UnitRange& bytes) const;
  bool reject(const char* why);

  void ask(uint64_t unit, bool is_waited_for) VMO_REQUIRES(mutex_);
  void ask_ahead(PageRange units) VMO_REQUIRES(mutex_);
  void send_ask(uint64_t unit, bool is_waited_for) VMO_REQUIRES(mutex_);
  void cancel(PageRange units) VMO_REQUIRES(mutex_);
  Status why_not(uint64_t unit) const VMO_REQUIRES(mutex_);
  void hear_sign_of_life() VMO_REQUIRES(mutex_);
  void watch_clock() VMO_REQUIRES(mutex_);
  void on_clock();
  Calls answer(const std::vector<uint64_t>& units, const Status& status) VMO_REQUIRES(mutex_);
  static void make(const Calls& calls);

  void hang_up_on_liar();
  bool on_ready(const wire::Ready& message);
  bool on_failed(const wire::Failed& message);
  bool on_recall(const wire::Recall& message);

  void go_on(PinId id);
  void bring_unit(PinId id, uint64_t unit);
  void arrived(PinId id);
  void finish(PinId id, const Status& status);

  EventLoop& loop_;
  const Facts facts_;
  std::weak_ptr<Pages> pages_;
  mutable Mutex mutex_;
  std::shared_ptr<SupplyLine> line_ VMO_GUARDED_BY(mutex_);
  ClaimedUnits units_ VMO_GUARDED_BY(mutex_);
  OrderAhead ahead_ VMO_GUARDED_BY(mutex_);
  std::map<uint64_t, std::vector<Waiter>> waiters_ VMO_GUARDED_BY(mutex_);  // by unit
  std::map<uint64_t, Status> why_failed_ VMO_GUARDED_BY(mutex_);            // by unit, until it is ready
  Status over_ VMO_GUARDED_BY(mutex_);                                      // not ok: nothing more is answered
  bool has_ended_ VMO_GUARDED_BY(mutex_) = false;
  Clock::time_point heard_at_ VMO_GUARDED_BY(mutex_);
  bool is_clock_running_ VMO_GUARDED_BY(mutex_) = false;
  bool is_overdue_ VMO_GUARDED_BY(mutex_) = false;
  std::map<PinId, Pin> pins_ VMO_GUARDED_BY(mutex_);
  PinId last_pin_ VMO_GUARDED_BY(mutex_) = 0;
  std::deque<Failure> failures_ VMO_GUARDED_BY(mutex_);
  bool has_failed_ VMO_GUARDED_BY(mutex_) = false;
  std::function<void()> observer_ VMO_GUARDED_BY(mutex_);
  ClaimSupplyStats stats_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
