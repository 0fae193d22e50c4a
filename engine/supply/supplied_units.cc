#include "engine/supply/supplied_units.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace vmoffer {
namespace {

// How long a claimer may take to answer RECALL.
constexpr std::chrono::seconds kPatience{5};
// For how long fills do not wait for recalls, once one was not answered.
constexpr std::chrono::seconds kDistrust{60};
// Claimers may need all of what is recalled. So many are tried for each fill.
constexpr size_t kRecallsToTry = 16;
// Units that are recalled at once where the program evicts: each is a message to each claimer.
constexpr size_t kMostLeaving = 64;
// Asks for the units that are tried again for those who were told that they failed.
constexpr AskerId kNobody = 0;

Status too_slow(SuppliedUnits::Duration timeout) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return Status(Code::kTimeout, "the supplier has not brought these bytes within its " + std::to_string(milliseconds) +
                                    " ms; make `unit` smaller or `timeoutMs` longer, or call want.progress()");
}

}  // namespace

SuppliedUnits::SuppliedUnits(const Options& options)
    : options_(options),
      book_(options.grid.unit_count(), {options.concurrency, options.timeout}),
      leases_(kPatience),
      ready_(options.grid.unit_count()),
      to_evict_(options.grid.unit_count()) {}

void SuppliedUnits::add_line(LineId line) { lines_.emplace(line, options_.grid.unit_count()); }

void SuppliedUnits::remove_line(LineId line) {
  if (lines_.erase(line) == 0) return;
  book_.forget(line);
  for (auto& [unit, leaving] : leaving_) leaving.askers.erase(line);
  for (auto& [unit, told] : told_failed_) told.erase(line);
  for (const uint64_t unit : leases_.forget(line)) become_free(unit);
}

bool SuppliedUnits::on_message(LineId line, const wire::Message& message, Time now) {
  const auto speaker = lines_.find(line);
  if (speaker == lines_.end()) return false;
  speaker->second.is_silent = false;
  if (!is_anything_asked()) next_sign_of_life_ = now + between_signs_of_life();
  if (const auto* ask = std::get_if<wire::Ask>(&message)) return on_ask(line, *ask);
  if (const auto* cancel = std::get_if<wire::Cancel>(&message)) return on_cancel(line, *cancel);
  if (const auto* given = std::get_if<wire::Given>(&message)) return on_given(line, given->number);
  const auto* kept = std::get_if<wire::Kept>(&message);
  const bool is_meaningful = kept != nullptr && on_kept(line, kept->number);
  if (is_meaningful) make_room(now);
  return is_meaningful;
}

bool SuppliedUnits::on_ask(LineId id, const wire::Ask& ask) {
  const PageRange units = options_.grid.units_of(ask.units);
  if (units.is_empty() || units.count > wire::kMaxUnitsAskedFor) return false;
  const std::set<uint64_t>& asked = lines_.at(id).asked;
  const auto again = std::distance(asked.lower_bound(units.first), asked.lower_bound(units.end()));
  if (asked.size() + units.count - static_cast<uint64_t>(again) > wire::kMaxUnitsAskedFor) return false;
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    if (!ready_.contains(unit)) {
      ask_for(id, unit, ask.is_waited_for);
      continue;
    }
    const PageRange ready = ready_around(unit);
    leases_.use(unit);
    stats_.units_asked += intersect(ready, units).count;
    tell_ready(id, ready);
    unit = ready.end() - 1;
  }
  return true;
}

// REQUIRES: it is not ready.
void SuppliedUnits::ask_for(LineId id, uint64_t unit, bool is_waited_for) {
  Line& line = lines_.at(id);
  if (line.asked.count(unit) == 0) ++stats_.units_asked;
  const auto leaving = leaving_.find(unit);
  if (leaving != leaving_.end()) {
    leaving->second.askers[id] |= is_waited_for;
    line.asked.insert(unit);
    return;
  }
  if (book_.ask(id, unit, is_waited_for) == UnitState::kFailed) return tell_failed(id, unit, book_.failure_of(unit));
  line.asked.insert(unit);
}

// The whole run, where that can be told without a search: a claimer of what is complete asks once.
PageRange SuppliedUnits::ready_around(uint64_t unit) const {
  const PageRange first = ready_.first_run({0, options_.grid.unit_count()});
  if (first.contains(unit)) return first;
  return ready_.first_run({unit, options_.grid.unit_count() - unit});
}

// REQUIRES: they are ready.
void SuppliedUnits::tell_ready(LineId id, PageRange units) {
  Line& line = lines_.at(id);
  for (PageRange rest = units; !rest.is_empty();) {
    const PageRange gap = line.told.first_gap(rest);
    for (uint64_t unit = gap.first; unit < gap.end(); ++unit) leases_.hold(id, unit);
    if (gap.is_empty()) break;
    rest = {gap.end(), rest.end() - gap.end()};
  }
  line.told.add(units);
  line.asked.erase(line.asked.lower_bound(units.first), line.asked.lower_bound(units.end()));
  outbox_.push_back({id, wire::Ready{options_.grid.bytes_of(units)}});
}

void SuppliedUnits::tell_failed(LineId id, uint64_t unit, const Status& why) {
  lines_.at(id).asked.erase(unit);
  told_failed_[unit].insert(id);
  outbox_.push_back({id, wire::Failed{options_.grid.bytes_of({unit, 1}), why.code(), why.message()}});
}

bool SuppliedUnits::on_cancel(LineId id, const wire::Cancel& cancel) {
  const PageRange units = options_.grid.units_of(cancel.units);
  if (units.is_empty()) return false;
  std::set<uint64_t>& asked = lines_.at(id).asked;
  for (auto at = asked.lower_bound(units.first); at != asked.end() && *at < units.end();) {
    book_.cancel(id, *at);
    const auto leaving = leaving_.find(*at);
    if (leaving != leaving_.end()) leaving->second.askers.erase(id);
    at = asked.erase(at);
  }
  return true;
}

bool SuppliedUnits::on_given(LineId id, RecallNumber number) {
  if (number == 0 || number > last_recall_) return false;
  const auto recall = recalls_.find(number);
  if (recall == recalls_.end()) return true;  // it was over before: the claimer holds the unit until it is asked again
  const uint64_t unit = recall->second;
  lines_.at(id).told.remove({unit, 1});
  if (leases_.give(id, number)) become_free(unit);
  return true;
}

bool SuppliedUnits::on_kept(LineId id, RecallNumber number) {
  if (number == 0 || number > last_recall_) return false;
  const auto recall = recalls_.find(number);
  if (recall == recalls_.end()) return true;
  const uint64_t unit = recall->second;
  leases_.keep(id, number);
  if (leases_.is_recalled(unit)) return true;
  ++stats_.recalls_refused;
  stay(unit);
  return true;
}

std::optional<uint64_t> SuppliedUnits::begin_placing(FillId fill) {
  const auto order = orders_.find(fill);
  if (order == orders_.end()) return std::nullopt;
  if (book_.begin_placing(fill)) return order->second.unit;
  orders_.erase(order);
  return std::nullopt;
}

void SuppliedUnits::finish(FillId fill, Time now) {
  const FillEnd end = book_.finish(fill);
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(now - orders_.at(fill).begun);
  stats_.latency.add(static_cast<uint64_t>(took.count()));
  ++stats_.units_supplied;
  if (end.askers.empty()) ++stats_.units_unwanted;
  orders_.erase(fill);
  on_filled(end);
  make_room(now);
}

void SuppliedUnits::on_filled(const FillEnd& end) {
  ready_.add({end.unit, 1});
  leases_.use(end.unit);
  stats_.most_resident_units = std::max<uint64_t>(stats_.most_resident_units, leases_.size());
  std::set<LineId> lines(end.askers.begin(), end.askers.end());
  if (auto told = told_failed_.extract(end.unit)) lines.merge(told.mapped());
  for (const LineId line : lines) {
    if (line != kNobody) tell_ready(line, {end.unit, 1});
  }
}

void SuppliedUnits::fail(FillId fill, const Status& why) {
  if (const std::optional<FillEnd> end = book_.fail(fill, why)) on_failed(*end);
  orders_.erase(fill);
}

void SuppliedUnits::on_failed(const FillEnd& end) {
  if (book_.state_of(end.unit) != UnitState::kFailed) return;
  ++stats_.units_failed;
  const Status why = book_.failure_of(end.unit);
  for (const LineId line : end.askers) {
    if (line != kNobody) tell_failed(line, end.unit, why);
  }
}

bool SuppliedUnits::begin_put(uint64_t unit) {
  if (!book_.begin_put(unit)) return false;
  for (auto order = orders_.begin(); order != orders_.end();) {
    order = order->second.unit == unit ? orders_.erase(order) : std::next(order);
  }
  return true;
}

void SuppliedUnits::finish_put(uint64_t unit, Time now) {
  ++stats_.units_put;
  on_filled(book_.finish_put(unit));
  recalls_to_try_ = kRecallsToTry;
  make_room(now);
}

void SuppliedUnits::evict_some(Time now) {
  while (leaving_.size() < kMostLeaving) {
    const PageRange run = to_evict_.first_run({0, options_.grid.unit_count()});
    if (run.is_empty()) return;
    to_evict_.remove({run.first, 1});
    if (!ready_.contains(run.first)) continue;
    if (has_silent_holder(run.first)) {
      ++stats_.recalls_refused;
    } else {
      recall(run.first, now);
    }
  }
}

bool SuppliedUnits::has_silent_holder(uint64_t unit) const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [unit](const auto& entry) { return entry.second.is_silent && entry.second.told.contains(unit); });
}

void SuppliedUnits::retry(PageRange units) {
  const auto end = told_failed_.lower_bound(units.end());
  for (auto told = told_failed_.lower_bound(units.first); told != end; ++told) {
    if (book_.retry(told->first) && !told->second.empty()) book_.ask(kNobody, told->first, true);
  }
}

void SuppliedUnits::recall(uint64_t unit, Time now) {
  const LeaseDirectory::Recall recall = leases_.recall(unit, now);
  ready_.remove({unit, 1});
  last_recall_ = recall.number;
  recalls_.emplace(recall.number, unit);
  leaving_[unit].recall = recall.number;
  if (recall.holders.empty()) become_free(unit);
  for (const HolderId holder : recall.holders) {
    outbox_.push_back({holder, wire::Recall{recall.number, options_.grid.bytes_of({unit, 1})}});
  }
}

void SuppliedUnits::become_free(uint64_t unit) {
  recalls_.erase(leaving_.at(unit).recall);
  drops_.push_back(unit);
}

void SuppliedUnits::dropped(uint64_t unit) {
  leases_.dropped(unit);
  book_.evict(unit);
  ++stats_.units_evicted;
  ++recalls_to_try_;
  const auto leaving = leaving_.extract(unit);
  for (auto& [id, line] : lines_) line.told.remove({unit, 1});
  for (const auto& [line, is_waited_for] : leaving.mapped().askers) book_.ask(line, unit, is_waited_for);
}

// Somebody needs it, or is silent.
void SuppliedUnits::stay(uint64_t unit) {
  const auto leaving = leaving_.extract(unit);
  recalls_.erase(leaving.mapped().recall);
  ready_.add({unit, 1});
  for (const auto& [line, is_waited_for] : leaving.mapped().askers) tell_ready(line, {unit, 1});
}

bool SuppliedUnits::is_anything_asked() const {
  return std::any_of(lines_.begin(), lines_.end(), [](const auto& entry) { return !entry.second.asked.empty(); });
}

// While anything is asked for, time is passed several times in each timeout. If it was not, this process was stopped,
// and its supplier with it.
void SuppliedUnits::forgive_pause(Time now) {
  if (!is_anything_asked() || now <= next_sign_of_life_ + options_.timeout / 2) return;
  const Duration pause = now - next_sign_of_life_;
  book_.postpone(pause);
  leases_.postpone(pause);
}

void SuppliedUnits::on_time(Time now) {
  forgive_pause(now);
  for (const FillEnd& end : book_.expire(now, too_slow(options_.timeout))) {
    orders_.erase(end.id);
    stops_.push_back(end.id);
    on_failed(end);
  }
  end_late_recalls(now);
  if (next_sign_of_life_ <= now) show_life(now);
}

void SuppliedUnits::end_late_recalls(Time now) {
  for (const LeaseDirectory::Late& late : leases_.expire(now)) {
    ++stats_.recalls_refused;
    no_waiting_until_ = now + kDistrust;
    for (const HolderId holder : late.silent) lines_.at(holder).is_silent = true;
    stay(late.unit);
  }
}

void SuppliedUnits::show_life(Time now) {
  // Oftener than promised: a timer may be late.
  next_sign_of_life_ = now + between_signs_of_life();
  for (const auto& [id, line] : lines_) {
    if (!line.asked.empty()) outbox_.push_back({id, wire::Progress{}});
  }
}

std::optional<SuppliedUnits::Time> SuppliedUnits::next_time() const {
  std::optional<Time> next = book_.next_deadline();
  const auto consider = [&next](std::optional<Time> time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  consider(leases_.next_deadline());
  if (is_anything_asked()) consider(next_sign_of_life_);
  return next;
}

std::vector<FillOrder> SuppliedUnits::take_orders(Time now) {
  std::vector<FillOrder> orders;
  while (may_order(now)) {
    const std::optional<FillOrder> order = book_.next_order(now);
    if (!order) break;
    orders_.emplace(order->id, Order{order->unit, now});
    ++stats_.units_ordered;
    if (order->is_waited_for) ++stats_.units_awaited;
    recalls_to_try_ = kRecallsToTry;
    make_room(now);
    orders.push_back(*order);
  }
  return orders;
}

SuppliedUnits::Work SuppliedUnits::take_work(Time now) {
  Work work;
  work.orders = take_orders(now);
  evict_some(now);
  work.stops = book_.take_abandoned();
  work.stops.insert(work.stops.end(), stops_.begin(), stops_.end());
  stops_.clear();
  work.drops = std::exchange(drops_, {});
  return work;
}

// A fill waits while what it will take is being given back. It does not wait for a claimer that does not answer.
bool SuppliedUnits::may_order(Time now) const {
  const uint64_t most = options_.budget_units + options_.concurrency;
  const bool is_within = options_.budget_units == 0 || leases_.size() + book_.under_way() < most;
  return is_within || leaving_.empty() || now < no_waiting_until_;
}

void SuppliedUnits::make_room(Time now) {
  if (options_.budget_units == 0) return;
  while (recalls_to_try_ > 0 && leases_.size() + book_.under_way() > options_.budget_units + leaving_.size()) {
    const std::optional<uint64_t> oldest = leases_.oldest();
    if (!oldest) return;
    --recalls_to_try_;
    if (has_silent_holder(*oldest)) {
      leases_.use(*oldest);  // others are tried before it is looked at again
    } else {
      recall(*oldest, now);
    }
  }
}

SupplyStats SuppliedUnits::stats() const {
  SupplyStats stats = stats_;
  stats.claims = lines_.size();
  stats.resident_units = leases_.size();
  return stats;
}

}  // namespace vmoffer
