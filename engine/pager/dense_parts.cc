#include "engine/pager/dense_parts.h"

#include <algorithm>
#include <limits>

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
      is_told_(std::min(byte_length / kLeastBytes, kMostParts)) {
  // All of them may be in the smallest part, each in a group of its own.
  const uint64_t groups = groups_of(0);
  const uint64_t groups_there = std::min(groups, pages_there);
  worth_looking_at_ =
      faults + fewest_faults_until_worth({.absent = groups - groups_there, .whole = groups_there}, what_);
}

uint64_t DenseParts::groups_of(uint64_t index) const { return part(index).count / pages_per_group(); }

// Whole steps, but for the last one.
PageRange DenseParts::part(uint64_t index) const {
  const uint64_t step = kStepBytes / page_bytes();
  const auto edge = [&](uint64_t i) { return align_down(page_count_ / is_told_.size() * i, step); };
  const uint64_t end = index + 1 == is_told_.size() ? page_count_ : edge(index + 1);
  return {edge(index), end - edge(index)};
}

std::vector<PageRange> DenseParts::look(uint64_t faults) {
  std::vector<PageRange> found;
  if (faults < worth_looking_at_) return found;
  const Result<PresentPages> table = PresentPages::open();
  if (!table.is_ok()) return found;
  uint64_t fewest = std::numeric_limits<uint64_t>::max() - faults;
  for (uint64_t index = 0; index < is_told_.size(); ++index) {
    if (is_told_[index]) continue;
    const PageRange pages = part(index);
    const uint64_t groups = groups_of(index);
    GroupCounts counts;
    for (uint64_t i = 1; i <= kGroupsLookedAt; ++i) {
      const uint64_t group = groups * (i * kSpread % 65'536) / 65'536;
      const uint64_t first = pages.first + group * pages_per_group();
      counts.add(table.value().count(address_ + first * page_bytes(), pages_per_group()), pages_per_group());
    }
    if (is_rest_worth_bringing(counts, what_)) {
      is_told_[index] = true;
      found.push_back(pages);
    } else {
      // Half as many, because a sample may show too few.
      fewest = std::min(fewest, fewest_faults_until_worth(counts, what_) * groups / kGroupsLookedAt / 2);
    }
  }
  worth_looking_at_ = faults + fewest;
  return found;
}

bool DenseParts::has_told_all() const { return std::find(is_told_.begin(), is_told_.end(), false) == is_told_.end(); }

}  // namespace vmoffer
