// FillBook: the units of supplied memory, what becomes of each, and who waits for it. Pure; its owner locks, and tells
// it the time.
//
//     absent ──ask──▶ queued ──next_order──▶ filling ──begin_placing──▶ placing ──finish──▶ filled
//       ▲               │                     │   │                        │                  │
//       │◀─nobody asks──┘◀────nobody asks─────┘   └─fail, expire─▶ failed ◀┘                  │
//       │◀──────────────────────────────────────────── retry ───────┘                         │
//       └◀──────────────────────────────────────────── evict ─────────────────────────────────┘
//
// A unit is filled once for all who ask. Those that a thread waits for are ordered before those that are read ahead.
// Every asker is told once: by what finish(), fail(), expire() and finish_put() return, or by ask() itself. If it asks
// for a unit after the supplier was told to stop filling it, it does not hear how that fill ended, but waits for
// another.
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
// Grows with every order; a unit that is filled again has another one.
using FillId = uint64_t;

enum class UnitState : uint8_t { kAbsent, kQueued, kFilling, kPlacing, kFilled, kFailed };

struct FillOrder {
  FillId id = 0;
  uint64_t unit = 0;
  bool is_waited_for = false;
};

// Who is to hear how a fill has ended.
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
    // Fills under way.
    size_t concurrency = 1;
    // A fill that takes longer has failed. Progress extends that, up to kMostExtension times as long in all.
    Duration timeout{};
  };
  static constexpr int kMostExtension = 6;

  FillBook(uint64_t unit_count, Limits limits) : limits_(limits), filled_(unit_count) {}

  // kFilled and kFailed: that is the answer, and the asker is not told again. Otherwise the asker waits.
  UnitState ask(AskerId asker, uint64_t unit, bool is_waited_for);
  // The asker does not want it any more; a unit that nobody asks for is not filled.
  void cancel(AskerId asker, uint64_t unit);
  void forget(AskerId asker);

  // What the supplier is to fill next; nothing while it has enough to do.
  std::optional<FillOrder> next_order(Time now);
  // Fills under way that nobody asks for any more, each once: the supplier should stop.
  std::vector<FillId> take_abandoned();

  // The bytes are there. False when nobody wants those of this fill any more. From here on it does not expire, until
  // finish() or fail().
  bool begin_placing(FillId id);
  // REQUIRES: begin_placing() said yes.
  FillEnd finish(FillId id);
  // Nothing when that fill has ended before.
  std::optional<FillEnd> fail(FillId id, Status why);
  // The supplier is at work. False when that fill has ended.
  bool extend(FillId id, Time now);
  // Fails what has taken too long.
  std::vector<FillEnd> expire(Time now, const Status& why);
  std::optional<Time> next_deadline() const;

  // The source has the bytes itself. False while others are being placed, or when the unit is filled.
  bool begin_put(uint64_t unit);
  // REQUIRES of both: begin_put() said yes. The fill that was under way has ended.
  FillEnd finish_put(uint64_t unit);
  // It could not be placed: who asks for it waits for the supplier again.
  void give_up_put(uint64_t unit);
  // False when it is not filled.
  bool evict(uint64_t unit);
  // False when it has not failed.
  bool retry(uint64_t unit);

  UnitState state_of(uint64_t unit) const;
  // REQUIRES: it has failed.
  const Status& failure_of(uint64_t unit) const { return units_.at(unit).failure; }
  const PageSet& filled() const { return filled_; }
  size_t under_way() const { return fills_.size(); }

 private:
  // Of a unit that is neither absent nor filled.
  struct Unit {
    UnitState state = UnitState::kQueued;
    uint64_t ticket = 0;  // its turn among those that are queued
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
  FillEnd end(FillId id, Unit& unit);

  const Limits limits_;
  PageSet filled_;
  std::unordered_map<uint64_t, Unit> units_;
  std::map<FillId, Fill> fills_;
  Queue waited_for_;
  Queue ahead_;
  std::vector<FillId> abandoned_;
  uint64_t last_ticket_ = 0;
  FillId last_fill_ = 0;
};

}  // namespace vmoffer
