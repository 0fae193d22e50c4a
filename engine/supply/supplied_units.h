// SuppliedUnits: the source's side of supplied memory, as it decides: what its claimers are answered, what the supplier
// is asked for, what is recalled and dropped. Pure; its owner locks, tells it the time, and does what it says.
//
// The order of messages to a line is that in which take_messages() gives them. A unit that is being recalled is told of
// to nobody: who asks for it waits until it has been dropped, or is kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/page_set.h"
#include "engine/supply/fill_book.h"
#include "engine/supply/lease_directory.h"
#include "engine/supply/supply_stats.h"
#include "engine/supply/unit_grid.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// A claimer's line; 0 is none.
using LineId = uint64_t;

class SuppliedUnits {
 public:
  using Time = FillBook::Time;
  using Duration = FillBook::Duration;

  struct Options {
    UnitGrid grid;
    size_t concurrency = 1;
    Duration timeout{};
    uint64_t budget_units = 0;  // 0: no budget
  };

  explicit SuppliedUnits(const Options& options);

  void add_line(LineId line);
  void remove_line(LineId line);
  // False if it makes no sense, or is out of turn: hang up.
  bool on_message(LineId line, const wire::Message& message, Time now);

  // The supplier has the bytes: of which unit. Nothing if they come too late.
  std::optional<uint64_t> begin_placing(FillId fill);
  bool is_waited_for(uint64_t unit) const { return book_.is_waited_for(unit); }
  // REQUIRES: begin_placing() named a unit.
  void finish(FillId fill, Time now);
  void fail(FillId fill, const Status& why);
  bool extend(FillId fill, Time now) { return book_.extend(fill, now); }
  bool is_under_way(FillId fill) const { return orders_.count(fill) != 0; }

  // The program has the bytes itself. False if the unit is there, or is being placed.
  bool begin_put(uint64_t unit);
  // REQUIRES of both: begin_put() said yes.
  void finish_put(uint64_t unit, Time now);
  void give_up_put(uint64_t unit) { book_.give_up_put(unit); }
  // Those of the units that are there are recalled, and dropped when they are free.
  void evict(PageRange units) { to_evict_.add(units); }
  // Those that have failed may be asked for again; the supplier is asked for what claimers were told about.
  void retry(PageRange units);

  // Passes the deadlines.
  void on_time(Time now);
  // When to call on_time() next.
  std::optional<Time> next_time() const;

  struct Work {
    std::vector<FillOrder> orders;
    std::vector<FillId> stops;
    std::vector<uint64_t> drops;
    bool is_empty() const { return orders.empty() && stops.empty() && drops.empty(); }
  };
  Work take_work(Time now);
  // The orders alone. What they cause to be dropped is left to take_work().
  std::vector<FillOrder> take_orders(Time now);
  // A unit that was to be dropped has been.
  void dropped(uint64_t unit);

  struct Outgoing {
    LineId to = 0;
    wire::Message message;
  };
  std::vector<Outgoing> take_messages() { return std::exchange(outbox_, {}); }

  SupplyStats stats() const;

 private:
  // A claimer.
  struct Line {
    explicit Line(uint64_t unit_count) : told(unit_count) {}
    PageSet told;              // it holds these
    std::set<uint64_t> asked;  // and waits for these
    // It has not answered a recall in time, and has said nothing since: it may be stopped. It is asked for nothing, or
    // it would be hung up on for all that it has not read.
    bool is_silent = false;
  };
  // A unit that is being recalled, or that is free and not yet dropped.
  struct Leaving {
    RecallNumber recall = 0;
    std::map<LineId, bool> askers;  // whether a thread waits
  };
  struct Order {
    uint64_t unit = 0;
    Time begun;
  };

  bool on_ask(LineId id, const wire::Ask& ask);
  bool on_cancel(LineId id, const wire::Cancel& cancel);
  bool on_given(LineId id, RecallNumber number);
  bool on_kept(LineId id, RecallNumber number);
  void ask_for(LineId id, uint64_t unit, bool is_waited_for);
  void tell_ready(LineId id, PageRange units);
  void tell_failed(LineId id, uint64_t unit, const Status& why);
  PageRange ready_around(uint64_t unit) const;
  void on_filled(const FillEnd& end);
  void on_failed(const FillEnd& end);
  void recall(uint64_t unit, Time now);
  void become_free(uint64_t unit);
  void stay(uint64_t unit);
  bool is_anything_asked() const;
  Duration between_signs_of_life() const { return options_.timeout / (2 * wire::kSignsOfLifePerTimeout); }
  void forgive_pause(Time now);
  void end_late_recalls(Time now);
  void show_life(Time now);
  void make_room(Time now);
  void evict_some(Time now);
  bool has_silent_holder(uint64_t unit) const;
  bool may_order(Time now) const;

  const Options options_;
  FillBook book_;
  LeaseDirectory leases_;
  std::map<LineId, Line> lines_;
  PageSet ready_;  // filled, and not recalled
  PageSet to_evict_;
  std::map<uint64_t, Leaving> leaving_;
  std::map<RecallNumber, uint64_t> recalls_;  // units
  std::map<uint64_t, std::set<LineId>> told_failed_;
  std::map<FillId, Order> orders_;
  std::vector<FillId> stops_;
  std::vector<uint64_t> drops_;
  std::vector<Outgoing> outbox_;
  RecallNumber last_recall_ = 0;
  size_t recalls_to_try_ = 0;
  Time next_sign_of_life_;
  Time no_waiting_until_;  // for recalls, since one was not answered
  SupplyStats stats_;
};

}  // namespace vmoffer
