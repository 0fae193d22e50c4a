#include "engine/pager/supplied_source.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "engine/sys/last_words.h"
#include "engine/sys/mapping.h"

namespace vmoffer {
namespace {

// Whose rest comes with the first of its pages: it takes some ten microseconds to install.
constexpr uint64_t kAlong = 64 * kKiB;

}  // namespace

Supply SuppliedSource::ask(uint64_t byte_offset, uint64_t byte_length) {
  const SuppliedClaim::Facts& facts = claim_->facts();
  const uint64_t unit_end = std::min(align_down(byte_offset, facts.unit_bytes) + facts.unit_bytes, facts.byte_length);
  const uint64_t wanted = std::min(unit_end - byte_offset, std::max(byte_length, kAlong));
  // Whoever brings the pages has the clock.
  const auto request = std::make_shared<PageRequest>(byte_offset, wanted, Clock::time_point::max());
  const Result<uint64_t> here = claim_->want(byte_offset, byte_length, [request, wanted](const Status& status) {
    if (status.is_ok()) return request->done(wanted);
    request->failed(status);
  });
  if (here.is_ok() && here.value() > 0) return {here.value(), nullptr};
  if (!here.is_ok()) request->failed(here.status());
  return {0, request};
}

CopyProgress SuppliedSource::install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                     uint64_t byte_length) {
  CopyProgress progress = userfault.install(address, byte_length);
  if (progress.outcome != CopyOutcome::kHole) return progress;
  claim_->on_hole(byte_offset);
  progress.outcome = CopyOutcome::kRetry;
  return progress;
}

void SuppliedSource::forbid(const UserFault& userfault, uint64_t address, uint64_t byte_offset, uint64_t byte_length) {
  const Status why = claim_->give_up_on(byte_offset);
  if (claim_->facts().on_failure == SuppliedClaim::OnFailure::kZeros) {
    CopyProgress progress = userfault.install_zeros(address, byte_length);
    while (progress.outcome == CopyOutcome::kRetry) progress = userfault.install_zeros(address, byte_length);
    const bool is_done = progress.outcome == CopyOutcome::kDone || progress.outcome == CopyOutcome::kAlreadyThere;
    if (is_done) return;
  }
  say_why(byte_offset, why);
  if (has_poison_) has_poison_ = userfault.poison(address, byte_length);
  if (!has_poison_) forbid_access(address, byte_length);
}

void SuppliedSource::permit(uint64_t address, uint64_t byte_length) {
  if (!has_poison_) permit_access(address, byte_length);
}

// A thread that is ended by a signal cannot say why.
void SuppliedSource::say_why(uint64_t byte_offset, const Status& why) {
  const SuppliedClaim::Facts& facts = claim_->facts();
  const uint64_t unit = byte_offset / facts.unit_bytes;
  if (unit == said_of_) return;
  said_of_ = unit;
  char start[160];
  std::snprintf(start, sizeof start,
                "vmoffer: the supplied memory at 0x%llx, claimed from process %d, has no bytes at offset %llu: ",
                static_cast<unsigned long long>(address_), facts.source_pid,
                static_cast<unsigned long long>(byte_offset));
  say_on_stderr(start + why.message());
}

}  // namespace vmoffer
