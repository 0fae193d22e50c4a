// LeaseDirectory: which claims have been told that a unit of supplied memory is there, and what it takes to drop it.
// Pure; its owner locks, and tells it the time.
//
//     held ──recall──▶ recalled ──give by every holder──▶ free ──dropped──▶ not here
//      ▲                  └──expire: a holder is silent, or keep: it needs the unit──┐
//      └─────────────────────────────────────────────────────────────────────────────┘
//
// A unit is dropped only when nobody reads it any more: each holder is asked, and answers once it has taken the unit
// from its claims. One that does not answer keeps the unit: the budget is exceeded, and no byte is ever wrong. A recall
// has a number, and an answer to an earlier one says nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace vmoffer {

using HolderId = uint64_t;
using RecallNumber = uint64_t;

class LeaseDirectory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit LeaseDirectory(Duration patience) : patience_(patience) {}

  // A unit that has just been filled, or that was told of to somebody once more: it is the last to be dropped.
  void use(uint64_t unit);
  // REQUIRES: it is here, and is not being recalled.
  void hold(HolderId holder, uint64_t unit);

  // The unit that was used longest ago, of those that nobody is asked for and nobody has kept lately.
  std::optional<uint64_t> oldest() const;

  struct Recall {
    RecallNumber number = 0;
    // Each is to be asked. None: it is free.
    std::vector<HolderId> holders;
  };
  // REQUIRES: oldest() named it.
  Recall recall(uint64_t unit, Time now);

  // The unit when it is free now.
  std::optional<uint64_t> give(HolderId holder, RecallNumber number);
  // The holder needs it. The recall is over.
  void keep(HolderId holder, RecallNumber number);
  // The holder is gone, and holds nothing. The units that are free now.
  std::vector<uint64_t> forget(HolderId holder);
  // Ends the recalls that have not been answered in time. How many these were.
  size_t expire(Time now);
  std::optional<Time> next_deadline() const;

  // A unit that was free has been dropped.
  void dropped(uint64_t unit);

  bool is_recalled(uint64_t unit) const;
  // Units that are here.
  size_t size() const { return units_.size(); }

 private:
  struct Unit {
    uint64_t used_at = 0;
    std::set<HolderId> holders;
    RecallNumber recall = 0;  // 0: none
  };
  struct Asked {
    uint64_t unit = 0;
    Time deadline;
    std::set<HolderId> unanswered;
  };

  std::optional<uint64_t> answered(RecallNumber number, HolderId holder);
  void end_recall(RecallNumber number);

  const Duration patience_;
  std::unordered_map<uint64_t, Unit> units_;
  std::map<uint64_t, uint64_t> by_use_;  // those that may be recalled, by the number of their last use
  std::map<RecallNumber, Asked> recalls_;
  uint64_t last_use_ = 0;
  RecallNumber last_recall_ = 0;
};

}  // namespace vmoffer
