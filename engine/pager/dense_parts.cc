#include "engine/pager/dense_parts.h"

#include <algorithm>

#include "engine/base/units.h"
#include "engine/sys/fault_around.h"
#include "engine/sys/page_table.h"

namespace vmoffer {
namespace {

uint64_t pages_per_group() { return std::max<uint64_t>(1, kFaultAroundBytes / page_bytes()); }

// The fraction of the golden ratio in 2^-16: the sample is spread evenly, and at no constant distance.
constexpr uint64_t kSpread = 40'503;

}  // namespace

DenseParts::DenseParts(uint64_t address, uint64_t byte_length, FaultsBring what, uint64_t pages_there, uint64_t faults)
    : address_(address),
      page_count_(byte_length / page_bytes()),
      what_(what),
      worth_looking_at_(std::min(byte_length / kLeastBytes, kMostParts)) {
  // All of them may be in the smallest part, each in a group of its own.
  const uint64_t groups = groups_of(0);
  const uint64_t groups_there = std::min(groups, pages_there);
  const uint64_t fewest = fewest_faults_until_worth({.absent = groups - groups_there, .whole = groups_there}, what_);
  std::fill(worth_looking_at_.begin(), worth_looking_at_.end(), faults + fewest);
}

uint64_t DenseParts::groups_of(uint64_t index) const { return part(index).count / pages_per_group(); }

// Whole steps, but for the last one.
PageRange DenseParts::part(uint64_t index) const {
  const uint64_t parts = worth_looking_at_.size();
  const uint64_t step = kStepBytes / page_bytes();
  const auto edge = [&](uint64_t i) { return align_down(page_count_ / parts * i, step); };
  const uint64_t end = index + 1 == parts ? page_count_ : edge(index + 1);
  return {edge(index), end - edge(index)};
}

std::vector<PageRange> DenseParts::look(uint64_t faults, Clock::duration allowance) {
  std::vector<PageRange> found;
  const uint64_t parts = worth_looking_at_.size();
  if (*std::min_element(worth_looking_at_.begin(), worth_looking_at_.end()) > faults) return found;
  const Result<PresentPages> table = PresentPages::open();
  if (!table.is_ok()) return found;
  const Clock::time_point end = Clock::now() + allowance;
  for (uint64_t turn = 0; turn < parts; ++turn) {
    const uint64_t index = next_;
    next_ = (next_ + 1) % parts;
    if (worth_looking_at_[index] > faults) continue;
    const GroupCounts counts = sample_of(part(index), table.value());
    if (is_rest_worth_bringing(counts, what_)) {
      worth_looking_at_[index] = kTold;
      found.push_back(part(index));
    } else {
      // Half as many, because a sample may show too few.
      worth_looking_at_[index] =
          faults + fewest_faults_until_worth(counts, what_) * groups_of(index) / kGroupsLookedAt / 2;
    }
    if (Clock::now() >= end) break;
  }
  return found;
}

GroupCounts DenseParts::sample_of(PageRange part, const PresentPages& table) const {
  const uint64_t groups = part.count / pages_per_group();
  GroupCounts counts;
  for (uint64_t i = 1; i <= kGroupsLookedAt; ++i) {
    const uint64_t group = groups * (i * kSpread % 65'536) / 65'536;
    const uint64_t first = part.first + group * pages_per_group();
    counts.add(table.count(address_ + first * page_bytes(), pages_per_group()), pages_per_group());
  }
  return counts;
}

bool DenseParts::has_told_all() const {
  return std::all_of(worth_looking_at_.begin(), worth_looking_at_.end(), [](uint64_t when) { return when == kTold; });
}

}  // namespace vmoffer
