#include "engine/base/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace vmoffer {

size_t LatencyHistogram::bucket_of(uint64_t nanoseconds) {
  if (nanoseconds < kBucketsPerOctave) return nanoseconds;
  const auto octave = static_cast<size_t>(std::bit_width(nanoseconds)) - 1;
  const size_t quarter = (nanoseconds >> (octave - 2)) & (kBucketsPerOctave - 1);
  return (octave - 1) * kBucketsPerOctave + quarter;
}

uint64_t LatencyHistogram::upper_edge(size_t bucket) {
  if (bucket < kBucketsPerOctave) return bucket;
  const size_t octave = bucket / kBucketsPerOctave + 1;
  const uint64_t quarter = bucket % kBucketsPerOctave;
  return ((kBucketsPerOctave + quarter + 1) << (octave - 2)) - 1;
}

void LatencyHistogram::add(uint64_t nanoseconds) {
  ++buckets_[std::min(bucket_of(nanoseconds), kBuckets - 1)];
  ++count_;
  max_ = std::max(max_, nanoseconds);
}

uint64_t LatencyHistogram::percentile(double share) const {
  const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > wanted) return std::min(upper_edge(bucket), max_);
  }
  return max_;
}

}  // namespace vmoffer
