// FillBook: the units of supplied memory, the state of each, and who waits for it. Pure; its owner locks, and passes
// the time.
//
//     absent ──ask──▶ queued ──next_order──▶ filling ──begin_placing──▶ placing ──finish──▶ filled
//       ▲               │                     │   │                        │                  │
//       │◀─nobody asks──┘◀────nobody asks─────┘   └─fail, expire─▶ failed ◀┘                  │
//       │◀──────────────────────────────────────────── retry ───────┘                         │
//       └◀──────────────────────────────────────────── evict ─────────────────────────────────┘
//
// A unit is filled once for all askers. Units that a thread waits for are ordered before units that are read ahead.
// Every asker gets one answer: from the results of finish(), fail(), expire() and finish_put(), or from ask() itself.
// If it asks for a unit after the supplier was told to stop filling it, it does not get the end of that fill, but waits
// for the next one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/page_set.h"
#include "engine/base/status.h"

namespace vmoffer {

using AskerId = uint64_t;
// Grows with every order. A unit that is filled again gets another id.
using FillId = uint64_t;

enum class UnitState : uint8_t { kAbsent, kQueued, kFilling, kPlacing, kFilled, kFailed };

struct FillOrder {
  FillId id = 0;
  uint64_t unit = 0;
  bool is_waited_for = false;
};

// A fill that has ended, and the askers that must be told.
struct FillEnd {
  FillId id = 0;
  uint64_t unit = 0;
  std::vector<AskerId> askers;
};

class FillBook {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Limits {
    // How many fills may be with the supplier at once. As many more may wait until their bytes are in place.
    size_t concurrency = 1;
    // A fill that takes longer fails. Progress extends this time, to at most kMostExtension times as much in all.
    Duration timeout{};
  };
  static constexpr int kMostExtension = 6;

  FillBook(uint64_t unit_count, Limits limits) : limits_(limits), filled_(unit_count) {}

  // kFilled and kFailed are the answer, and the asker gets no other. In any other state the asker waits.
  UnitState ask(AskerId asker, uint64_t unit, bool is_waited_for);
  // The asker does not want the unit any more. A unit that nobody asks for is not filled.
  void cancel(AskerId asker, uint64_t unit);
  void forget(AskerId asker);

  // The next unit for the supplier to fill; nothing while it has enough to do.
  std::optional<FillOrder> next_order(Time now);
  // Fills under way that nobody asks for any more, which the supplier should stop. Returns each only once.
  std::vector<FillId> take_abandoned();

  // The bytes have arrived. False if nobody wants the bytes of this fill any more. From here until finish() or fail()
  // the fill does not expire.
  bool begin_placing(FillId id);
  // REQUIRES: begin_placing() returned true.
  FillEnd finish(FillId id);
  // Nothing if that fill has ended already.
  std::optional<FillEnd> fail(FillId id, Status why);
  // The supplier reports progress. False if that fill has ended.
  bool extend(FillId id, Time now);
  // Nobody worked for so long, the supplier included: no fill loses time by that.
  void postpone(Duration pause);
  // Fails the fills that have taken too long.
  std::vector<FillEnd> expire(Time now, const Status& why);
  std::optional<Time> next_deadline() const;

  // The source provides the bytes itself. False while other bytes are being placed, or if the unit is filled.
  bool begin_put(uint64_t unit);
  // Ends a fill that was under way. REQUIRES, like give_up_put(): begin_put() returned true.
  FillEnd finish_put(uint64_t unit);
  // The bytes could not be placed. The askers wait for the supplier again.
  void give_up_put(uint64_t unit);
  // False if the unit is not filled.
  bool evict(uint64_t unit);
  // False if the unit has not failed.
  bool retry(uint64_t unit);

  UnitState state_of(uint64_t unit) const;
  // Whether a thread waits for a unit that is neither absent, filled nor failed.
  bool is_waited_for(uint64_t unit) const;
  // REQUIRES: the unit has failed.
  const Status& failure_of(uint64_t unit) const { return units_.at(unit).failure; }
  const PageSet& filled() const { return filled_; }
  // With the supplier, or about to be in place.
  size_t under_way() const { return fills_.size(); }

 private:
  // A unit that is neither absent nor filled.
  struct Unit {
    UnitState state = UnitState::kQueued;
    uint64_t ticket = 0;  // its turn among the queued units
    bool is_waited_for = false;
    FillId fill = 0;
    std::set<AskerId> askers;
    Status failure;
  };
  struct Fill {
    uint64_t unit = 0;
    Time started;
    Time deadline;
    bool is_abandoned = false;
  };
  using Queue = std::map<uint64_t, uint64_t>;  // units by ticket

  Queue& queue_of(const Unit& unit) { return unit.is_waited_for ? waited_for_ : ahead_; }
  void enqueue(uint64_t number, Unit& unit);
  void give_up(uint64_t number, Unit& unit);
  void want_again(FillId id);
  Unit* unit_of(FillId id);
  void erase_fill(FillId id, const Unit& unit);
  FillEnd end(FillId id, Unit& unit);

  const Limits limits_;
  PageSet filled_;
  std::unordered_map<uint64_t, Unit> units_;
  std::map<FillId, Fill> fills_;
  size_t with_supplier_ = 0;  // of those
  Queue waited_for_;
  Queue ahead_;
  std::vector<FillId> abandoned_;
  uint64_t last_ticket_ = 0;
  FillId last_fill_ = 0;
};

}  // namespace vmoffer
