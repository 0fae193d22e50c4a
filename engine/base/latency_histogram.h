// LatencyHistogram: counts durations in buckets that grow with them, 4 to an octave, so that a percentile is at most a
// fifth too high. Pure; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmoffer {

class LatencyHistogram {
 public:
  void add(uint64_t nanoseconds);
  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  // The upper edge of the bucket in which the given share (0 to 1) of all durations is reached, never above max(); 0 if
  // there are none.
  uint64_t percentile(double share) const;

 private:
  static constexpr size_t kBucketsPerOctave = 4;
  static constexpr size_t kBuckets = 64 * kBucketsPerOctave;

  static size_t bucket_of(uint64_t nanoseconds);
  static uint64_t upper_edge(size_t bucket);

  std::array<uint32_t, kBuckets> buckets_ = {};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace vmoffer
