#include "engine/transfer/held/held_feed.h"

#include <chrono>

#include "engine/sys/page_table.h"
#include "engine/transfer/held/residency_cells.h"
#include "engine/wire/codec.h"

namespace vmoffer {
namespace {

// Looking at pages takes most of the time. A process that asks in a loop, or many at once, must not cause it again and
// again.
constexpr std::chrono::milliseconds kFresh{250};
// The limit of one turn of the loop: about 300 µs if all pages that are looked at are resident.
constexpr size_t kLooksPerPacket = 64;

wire::ResidencySample look(const PresentPages& present, const HeldClaim& claim, size_t cell_limit) {
  wire::ResidencySample sample;
  for (const PageRange cell : cells_of(claim.byte_length / page_bytes(), cell_limit)) {
    const PageRange looked = looked_at(cell);
    const uint64_t resident = present.count(claim.address + looked.first * page_bytes(), looked.count);
    sample.cells.push_back(share_of(resident, looked.count));
    sample.resident_pages += estimate(cell, resident);
    sample.pages_looked_at += looked.count;
  }
  return sample;
}

// Returns how many times it has looked.
size_t refresh(HeldClaim& claim, const PresentPages& present, size_t cell_limit) {
  const Clock::time_point now = Clock::now();
  if (now - claim.sampled_at < kFresh) return 0;
  claim.sampled_at = now;
  claim.sample = look(present, claim, cell_limit);
  return claim.sample.cells.size();
}

wire::HeldLine line_of(const HeldClaim& claim) {
  const bool is_left_to_kernel = claim.paged != nullptr && claim.paged->is_left_to_kernel();
  const PagingStats stats = claim.paged == nullptr ? PagingStats() : claim.paged->stats_so_far();
  return {.number = claim.number,
          .address = claim.address,
          .byte_length = claim.byte_length,
          .source_pid = static_cast<uint32_t>(claim.source_pid),
          .flags = claim.flags,
          .transfer = claim.transfer,
          .paging = is_left_to_kernel ? Paging::kKernel : claim.paging,
          .counts = stats,
          .fault_ns_p50 = stats.fault_latency.percentile(0.5),
          .fault_ns_p99 = stats.fault_latency.percentile(0.99),
          .residency = claim.sample};
}

wire::Held next_packet(const HeldClaims& claims, uint64_t after) {
  const Result<PresentPages> present = PresentPages::open();
  const size_t cell_limit = cells_each(claims.count());
  size_t looks = 0;
  wire::Held packet;
  for (const std::shared_ptr<HeldClaim>& claim : claims.after(after, wire::kMaxHeldPerPacket)) {
    if (looks >= kLooksPerPacket) break;
    if (present.is_ok()) looks += refresh(*claim, present.value(), cell_limit);
    packet.lines.push_back(line_of(*claim));
  }
  return packet;
}

}  // namespace

Feed::Next claims_in(const HeldClaims& claims) {
  return [&claims](uint64_t after) -> std::optional<Feed::Batch> {
    const wire::Held packet = next_packet(claims, after);
    if (packet.lines.empty()) return std::nullopt;
    return Feed::Batch{wire::encode(packet), packet.lines.back().number};
  };
}

}  // namespace vmoffer
