#include "engine/supply/supplied_claim.h"

#include <algorithm>
#include <utility>

#include "engine/base/units.h"

namespace vmoffer {
namespace {

// Failures that the program has not taken: it is told of the latest.
constexpr size_t kMostFailures = 1024;
// Answers that the source does not read.
constexpr size_t kMostKept = 4 * wire::kMaxUnitsAskedFor;
// Pinned units that are looked at in one turn of the loop.
constexpr uint64_t kUnitsPerTurn = 64;
// In which the loop hears what has come while this process was stopped.
constexpr std::chrono::milliseconds kLastTurn{2};

Status has_hung_up() { return Status(Code::kPeerGone, "the source of the memory has ended or has released it"); }

Status was_released() { return Status(Code::kInvalidArgument, "the claim was released"); }

}  // namespace

SuppliedClaim::SuppliedClaim(EventLoop& loop, const Facts& facts)
    : loop_(loop),
      facts_(facts),
      units_((facts.byte_length + facts.unit_bytes - 1) / facts.unit_bytes),
      ahead_(units_.count(), facts.unit_bytes) {}

void SuppliedClaim::start(std::shared_ptr<SupplyLine> line) {
  {
    const MutexLock lock(mutex_);
    line_ = line;
  }
  loop_.post([self = shared_from_this(), line = std::move(line)] {
    const Status opened = line->open(self);
    if (opened.is_ok()) return;
    line->hang_up();
    const MutexLock lock(self->mutex_);
    self->over_ = opened;
  });
}

void SuppliedClaim::end() {
  std::vector<Waiter> pinning;
  std::shared_ptr<SupplyLine> line;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(has_ended_, true)) return;
    over_ = was_released();
    line = std::move(line_);
    waiters_.clear();
    observer_ = nullptr;
    for (auto& [id, pin] : pins_) {
      if (pin.done) pinning.push_back(std::move(pin.done));
    }
    pins_.clear();
  }
  if (line != nullptr) line->hang_up();
  for (const Waiter& done : pinning) done(was_released());
}

PageRange SuppliedClaim::units_of(uint64_t byte_offset, uint64_t byte_length) const {
  const uint64_t first = byte_offset / facts_.unit_bytes;
  return {first, (byte_offset + byte_length + facts_.unit_bytes - 1) / facts_.unit_bytes - first};
}

// The last unit ends with the object.
wire::UnitRange SuppliedClaim::bytes_of(PageRange units) const {
  const uint64_t begin = units.first * facts_.unit_bytes;
  return {begin, std::min(units.end() * facts_.unit_bytes, facts_.byte_length) - begin};
}

bool SuppliedClaim::are_units(const wire::UnitRange& bytes) const {
  if (bytes.byte_length == 0 || bytes.byte_offset >= facts_.byte_length) return false;
  if (bytes.byte_length > facts_.byte_length - bytes.byte_offset) return false;
  const uint64_t end = bytes.byte_offset + bytes.byte_length;
  return is_aligned(bytes.byte_offset, facts_.unit_bytes) &&
         (is_aligned(end, facts_.unit_bytes) || end == facts_.byte_length);
}

uint64_t SuppliedClaim::on_touch(uint64_t byte_offset) {
  const uint64_t unit = byte_offset / facts_.unit_bytes;
  const MutexLock lock(mutex_);
  if (!over_.is_ok()) return UINT64_MAX;
  if (!units_.is_ready(unit) && !units_.is_lost(unit)) ask(unit, /*is_waited_for=*/true);
  ask_ahead(ahead_.on_touch(unit, units_.ready_count()));
  return ahead_.bytes_between_touches();
}

void SuppliedClaim::order(uint64_t byte_offset, uint64_t byte_length) {
  const PageRange units = units_of(byte_offset, byte_length);
  const MutexLock lock(mutex_);
  if (!over_.is_ok()) return;
  ask_ahead({units.first, std::min(units.count, ahead_.most_in_bulk())});
}

void SuppliedClaim::ask_ahead(PageRange units) {
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    if (!units_.is_ready(unit) && !units_.is_lost(unit)) ask(unit, /*is_waited_for=*/false);
  }
}

void SuppliedClaim::cancel_order(uint64_t byte_offset, uint64_t byte_length) {
  const PageRange units = units_of(byte_offset, byte_length);
  const MutexLock lock(mutex_);
  cancel(units);
}

Result<uint64_t> SuppliedClaim::want(uint64_t byte_offset, uint64_t byte_length, Waiter waiter) {
  const PageRange units = units_of(byte_offset, byte_length);
  const MutexLock lock(mutex_);
  if (const uint64_t here = units_.ready_from(units.first, units.end())) {
    const wire::UnitRange bytes = bytes_of({units.first, here});
    return std::min(bytes.byte_offset + bytes.byte_length, byte_offset + byte_length) - byte_offset;
  }
  if (!over_.is_ok() || units_.is_lost(units.first)) return why_not(units.first);
  waiters_[units.first].push_back(std::move(waiter));
  ask(units.first, /*is_waited_for=*/false);
  return 0;
}

Status SuppliedClaim::why_not(uint64_t unit) const {
  const auto known = why_failed_.find(unit);
  if (known != why_failed_.end()) return known->second;
  return over_.is_ok() ? Status(Code::kSupply, "the source did not say why") : over_;
}

void SuppliedClaim::ask(uint64_t unit, bool is_waited_for) {
  if (!units_.awaits_answers()) heard_at_ = Clock::now();
  if (!units_.is_asked_for(unit)) ++stats_.units_asked;
  if (units_.ask(unit, is_waited_for)) send_ask(unit, is_waited_for);
  watch_clock();
}

void SuppliedClaim::send_ask(uint64_t unit, bool is_waited_for) {
  if (line_ != nullptr) line_->send(wire::Ask{bytes_of({unit, 1}), is_waited_for});
}

// Those that nobody waits for. Others that have been asked for meanwhile may be sent instead.
void SuppliedClaim::cancel(PageRange units) {
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    if (waiters_.count(unit) == 0 && units_.cancel(unit) && line_ != nullptr)
      line_->send(wire::Cancel{bytes_of({unit, 1})});
  }
  while (const auto order = units_.next()) send_ask(order->unit, order->is_waited_for);
}

// The clock runs while answers are waited for, and looks when they could be late: to ask costs no wake-up of its
// thread.
void SuppliedClaim::watch_clock() {
  if (std::exchange(is_clock_running_, true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_clock();
  });
}

void SuppliedClaim::on_clock() {
  Calls calls;
  {
    const MutexLock lock(mutex_);
    is_clock_running_ = units_.awaits_answers() && over_.is_ok();
    if (!is_clock_running_) return;
    const auto now = Clock::now();
    auto next = heard_at_ + facts_.timeout;
    if (next <= now && !std::exchange(is_overdue_, true)) next = now + kLastTurn;
    if (next > now) {
      loop_.call_at(next, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->on_clock();
      });
      return;
    }
    is_clock_running_ = false;
    is_overdue_ = false;
    calls = answer(units_.give_up(),
                   Status(Code::kTimeout, "the source has said nothing for " + std::to_string(facts_.timeout.count()) +
                                              " ms; it is stopped or stuck"));
  }
  make(calls);
}

void SuppliedClaim::hear_sign_of_life() {
  heard_at_ = Clock::now();
  is_overdue_ = false;
}

SuppliedClaim::Calls SuppliedClaim::answer(const std::vector<uint64_t>& units, const Status& status) {
  Calls calls{{}, status, nullptr};
  for (const uint64_t unit : units) {
    const auto waiting = waiters_.find(unit);
    if (waiting != waiters_.end()) {
      std::move(waiting->second.begin(), waiting->second.end(), std::back_inserter(calls.waiters));
      waiters_.erase(waiting);
    }
    ++(status.is_ok() ? stats_.units_supplied : stats_.units_failed);
    if (status.is_ok()) continue;
    why_failed_[unit] = status;
    failures_.push_back({bytes_of({unit, 1}), status});
    if (failures_.size() > kMostFailures) failures_.pop_front();
    has_failed_ = true;
    calls.observer = observer_;
  }
  while (const auto order = units_.next()) send_ask(order->unit, order->is_waited_for);
  return calls;
}

void SuppliedClaim::make(const Calls& calls) {
  if (calls.observer) calls.observer();
  for (const Waiter& waiter : calls.waiters) waiter(calls.status);
}

void SuppliedClaim::on_hole(uint64_t byte_offset) {
  const MutexLock lock(mutex_);
  if (units_.is_hole(byte_offset / facts_.unit_bytes)) return;
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr) self->hang_up_on_liar();
  });
}

void SuppliedClaim::hang_up_on_liar() {
  reject("says that bytes are there where it has a hole");
  {
    const MutexLock lock(mutex_);
    if (line_ != nullptr) line_->hang_up();
  }
  on_hang_up();
}

Status SuppliedClaim::give_up_on(uint64_t byte_offset) {
  const uint64_t unit = byte_offset / facts_.unit_bytes;
  Calls calls;
  Status why;
  {
    const MutexLock lock(mutex_);
    why = why_not(unit);
    if (why_failed_.count(unit) == 0) calls = answer({unit}, why);
    if (facts_.on_failure == OnFailure::kZeros) units_.lose(unit);
  }
  if (calls.observer) calls.observer();
  return why;
}

Status SuppliedClaim::lack_in(uint64_t byte_offset, uint64_t byte_length) const {
  const PageRange units = units_of(byte_offset, byte_length);
  const MutexLock lock(mutex_);
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    if (units_.is_ready(unit)) continue;
    if (!over_.is_ok() || why_failed_.count(unit) != 0) return why_not(unit);
  }
  return Status();
}

bool SuppliedClaim::on_message(wire::Message message) {
  {
    const MutexLock lock(mutex_);
    if (has_ended_) return true;
    hear_sign_of_life();
  }
  if (const auto* ready = std::get_if<wire::Ready>(&message)) return on_ready(*ready);
  if (const auto* failed = std::get_if<wire::Failed>(&message)) return on_failed(*failed);
  if (const auto* recall = std::get_if<wire::Recall>(&message)) return on_recall(*recall);
  return std::holds_alternative<wire::Progress>(message) || reject("sent a message out of turn");
}

// Always false: what is to be returned to the line.
bool SuppliedClaim::reject(const char* why) {
  const MutexLock lock(mutex_);
  if (over_.is_ok()) over_ = Status(Code::kProtocol, std::string("the source ") + why + "; do not trust that process");
  return false;
}

bool SuppliedClaim::on_ready(const wire::Ready& message) {
  if (!are_units(message.units)) return reject("says of what are no units of the memory that they are there");
  const PageRange units = units_of(message.units.byte_offset, message.units.byte_length);
  Calls calls;
  {
    const MutexLock lock(mutex_);
    calls = answer(units_.ready(units), Status());
    why_failed_.erase(why_failed_.lower_bound(units.first), why_failed_.lower_bound(units.end()));
  }
  if (const auto pages = pages_.lock()) pages->permit(message.units.byte_offset, message.units.byte_length);
  make(calls);
  return true;
}

bool SuppliedClaim::on_failed(const wire::Failed& message) {
  if (!are_units(message.units)) return reject("says of what are no units of the memory that they have failed");
  Calls calls;
  {
    const MutexLock lock(mutex_);
    calls = answer(units_.failed(units_of(message.units.byte_offset, message.units.byte_length)),
                   Status(message.code, message.message));
  }
  make(calls);
  return true;
}

bool SuppliedClaim::on_recall(const wire::Recall& message) {
  if (!are_units(message.units)) return reject("wants to have back what are no units of the memory");
  std::shared_ptr<SupplyLine> line;
  bool is_given;
  {
    const MutexLock lock(mutex_);
    const PageRange units = units_of(message.units.byte_offset, message.units.byte_length);
    const uint64_t held = units_.ready_count();
    is_given = units_.recall(units);
    if (is_given) cancel(ahead_.on_recall(units, held));
    line = line_;
  }
  if (line == nullptr) return true;
  if (line->kept_count() > kMostKept) return reject("does not hear the answers");
  const auto pages = pages_.lock();
  if (is_given && pages != nullptr) pages->take_back(message.units.byte_offset, message.units.byte_length);
  if (is_given) {
    line->send(wire::Given{message.number});
  } else {
    line->send(wire::Kept{message.number});
  }
  return true;
}

void SuppliedClaim::on_hang_up() {
  Calls calls;
  {
    const MutexLock lock(mutex_);
    if (over_.is_ok()) over_ = has_hung_up();
    line_.reset();
    calls = answer(units_.give_up(), over_);
  }
  make(calls);
}

SuppliedClaim::PinId SuppliedClaim::pin(uint64_t byte_offset, uint64_t byte_length, Waiter done) {
  const PageRange units = units_of(byte_offset, byte_length);
  PinId id;
  {
    const MutexLock lock(mutex_);
    id = ++last_pin_;
    units_.pin(units);
    pins_.emplace(id, Pin{units, units.first, units.count, std::move(done)});
  }
  loop_.post([self = shared_from_this(), id] { self->go_on(id); });
  return id;
}

void SuppliedClaim::unpin(PinId id) {
  Waiter done;
  {
    const MutexLock lock(mutex_);
    const auto at = pins_.find(id);
    if (at == pins_.end()) return;
    units_.unpin(at->second.units);
    done = std::move(at->second.done);
    pins_.erase(at);
  }
  if (done) done(Status(Code::kInvalidArgument, "the pin was released"));
}

// A few units a turn, so that other claims are answered meanwhile.
void SuppliedClaim::go_on(PinId id) {
  for (uint64_t i = 0; i < kUnitsPerTurn; ++i) {
    uint64_t unit;
    {
      const MutexLock lock(mutex_);
      const auto at = pins_.find(id);
      if (at == pins_.end() || at->second.next == at->second.units.end()) return;
      unit = at->second.next++;
    }
    bring_unit(id, unit);
  }
  loop_.post([self = shared_from_this(), id] { self->go_on(id); });
}

// Until it is there, and installed where somebody installs: what is said to be there may not be.
void SuppliedClaim::bring_unit(PinId id, uint64_t unit) {
  const wire::UnitRange bytes = bytes_of({unit, 1});
  for (bool is_brought = false;; is_brought = true) {
    const Result<uint64_t> here =
        want(bytes.byte_offset, bytes.byte_length, [weak = weak_from_this(), id, unit](const Status& status) {
          const auto self = weak.lock();
          if (self == nullptr) return;
          if (status.is_ok()) return self->bring_unit(id, unit);
          self->finish(id, status);
        });
    if (!here.is_ok()) return finish(id, here.status());
    if (here.value() == 0) return;
    const auto pages = pages_.lock();
    if (is_brought || pages == nullptr) break;
    pages->bring(bytes.byte_offset, bytes.byte_length);
  }
  arrived(id);
}

void SuppliedClaim::arrived(PinId id) {
  {
    const MutexLock lock(mutex_);
    const auto at = pins_.find(id);
    if (at == pins_.end() || --at->second.missing > 0) return;
  }
  finish(id, Status());
}

void SuppliedClaim::finish(PinId id, const Status& status) {
  Waiter done;
  {
    const MutexLock lock(mutex_);
    const auto at = pins_.find(id);
    if (at == pins_.end()) return;
    done = std::exchange(at->second.done, nullptr);
    if (!status.is_ok()) {
      units_.unpin(at->second.units);
      pins_.erase(at);
    }
  }
  if (done) done(status);
}

void SuppliedClaim::observe_failures(const std::function<void()>& observer) {
  bool has_some;
  {
    const MutexLock lock(mutex_);
    has_some = !failures_.empty();
    observer_ = observer;
  }
  if (has_some) observer();
}

std::vector<SuppliedClaim::Failure> SuppliedClaim::take_failures() {
  const MutexLock lock(mutex_);
  std::vector<Failure> taken(std::make_move_iterator(failures_.begin()), std::make_move_iterator(failures_.end()));
  failures_.clear();
  return taken;
}

bool SuppliedClaim::has_failed() const {
  const MutexLock lock(mutex_);
  return has_failed_;
}

ClaimSupplyStats SuppliedClaim::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

}  // namespace vmoffer
