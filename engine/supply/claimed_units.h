// ClaimedUnits: what a claimer of supplied memory has been told of the units, and what it has asked for. Pure; its
// owner locks.
//
//     absent ──ask──▶ asked ──ready──▶ ready ──recall, or it was a hole──▶ absent
//       ▲               ├──failed, cancel──▶ absent
//       └───────────────┴──give up: no answer is waited for; one that comes all the same counts
//
// At most wire::kMaxUnitsAskedFor units are asked for and unanswered. The others wait here for their turn, those that a
// thread waits for first. A unit that is lost stays so: the program was given zeros for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/base/page_set.h"
#include "engine/wire/messages.h"

namespace vmoffer {

class ClaimedUnits {
 public:
  struct Order {
    uint64_t unit = 0;
    bool is_waited_for = false;
  };

  explicit ClaimedUnits(uint64_t unit_count) : ready_(unit_count), lost_(unit_count) {}

  uint64_t count() const { return ready_.page_count(); }
  bool is_ready(uint64_t unit) const { return ready_.contains(unit) && !is_lost(unit); }
  // How many are ready in a row.
  uint64_t ready_from(uint64_t unit, uint64_t end) const;
  bool is_lost(uint64_t unit) const { return lost_.contains(unit); }
  bool is_asked_for(uint64_t unit) const;
  // An answer is waited for.
  bool awaits_answers() const { return awaited_ > 0; }

  // How many are.
  uint64_t ready_count() const { return ready_count_; }

  // True: to be sent now. REQUIRES: it is not ready.
  bool ask(uint64_t unit, bool is_waited_for);
  // It is not wanted any more, unless a thread waits for it. True if the source must be told.
  bool cancel(uint64_t unit);
  // What has its turn now that others are answered, to be sent. Until there is nothing.
  std::optional<Order> next();

  // Each returns the units that an answer was waited for, or that had been given up.
  std::vector<uint64_t> ready(PageRange units);
  std::vector<uint64_t> failed(PageRange units);
  // Nobody waits for these any more. They count as asked for until they are answered.
  std::vector<uint64_t> give_up();

  // It is said to be ready, and is a hole: from here on it is absent. False when that was so before: whoever says so
  // cannot be believed.
  bool is_hole(uint64_t unit);
  // False when a unit of these is pinned: they stay.
  bool recall(PageRange units);
  void lose(uint64_t unit) { lost_.add({unit, 1}); }

  void pin(PageRange units);
  void unpin(PageRange units);

 private:
  struct Asked {
    bool is_sent = false;
    bool is_waited_for = false;
    bool is_given_up = false;
  };
  using AskedUnits = std::map<uint64_t, Asked>;

  std::vector<uint64_t> take_answered(PageRange units);
  void lack(PageRange units);
  std::optional<uint64_t> take_turn(std::set<uint64_t>& turns);

  PageSet ready_;
  uint64_t ready_count_ = 0;
  PageSet lost_;
  AskedUnits asked_;
  size_t sent_ = 0;
  size_t awaited_ = 0;
  std::set<uint64_t> waited_for_;  // not sent yet
  std::set<uint64_t> ahead_;       // the same
  std::set<uint64_t> holes_;
  std::unordered_map<uint64_t, uint64_t> pins_;
};

}  // namespace vmoffer
