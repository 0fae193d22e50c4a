// LeaseDirectory: which holders have been told that a unit of supplied memory is here, and must give it up before it
// can be dropped. Pure; its owner locks, and passes the time.
//
//     held ──recall──▶ recalled ──give by every holder──▶ free ──dropped──▶ not here
//      ▲                  └──expire: a holder is silent, or keep: it needs the unit──┐
//      └─────────────────────────────────────────────────────────────────────────────┘
//
// A unit is dropped only when nobody reads it any more. Each holder is asked, and answers once it has taken the unit
// out of its claims. A holder that does not answer keeps the unit: then the memory budget is exceeded, but no byte is
// ever wrong. A recall has a number; answers to earlier recalls are ignored.
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

  // A unit has just been filled, or another holder has been told of it. It is the last to be dropped.
  void use(uint64_t unit);
  // REQUIRES: the unit is here, and is not being recalled.
  void hold(HolderId holder, uint64_t unit);

  // The unit that was used longest ago, except those that are being recalled or were kept lately.
  std::optional<uint64_t> oldest() const;

  struct Recall {
    RecallNumber number = 0;
    // Each of them must be asked. If there is none, the unit is free.
    std::vector<HolderId> holders;
  };
  // REQUIRES: the unit is here, and is not being recalled.
  Recall recall(uint64_t unit, Time now);

  // The holder gives the unit up. Returns the unit if it is free now.
  std::optional<uint64_t> give(HolderId holder, RecallNumber number);
  // The holder needs the unit. The recall is over.
  void keep(HolderId holder, RecallNumber number);
  // The holder is gone, and holds nothing any more. Returns the units that are free now.
  std::vector<uint64_t> forget(HolderId holder);
  // Nobody heard the answers for so long.
  void postpone(Duration pause);
  // A recall that was not answered in time, by these.
  struct Late {
    uint64_t unit = 0;
    std::vector<HolderId> silent;
  };
  // Ends the recalls that were not answered in time.
  std::vector<Late> expire(Time now);
  std::optional<Time> next_deadline() const;

  // A free unit has been dropped.
  void dropped(uint64_t unit);

  bool is_recalled(uint64_t unit) const;
  // How many units are here.
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
  std::map<uint64_t, uint64_t> by_use_;  // units that may be recalled, by the number of their last use
  std::map<RecallNumber, Asked> recalls_;
  uint64_t last_use_ = 0;
  RecallNumber last_recall_ = 0;
};

}  // namespace vmoffer
