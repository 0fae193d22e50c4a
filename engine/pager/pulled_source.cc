#include "engine/pager/pulled_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/checkpoint.h"
#include "engine/base/units.h"
#include "engine/sys/huge_page_size.h"

namespace vmoffer {

namespace {

// Copying this much takes about 60 µs.
constexpr uint64_t kCopyStepBytes = 256 * kKiB;
// The size of the huge pages that are filled aside and put in place whole.
constexpr uint64_t kAsideBytes = kStepBytes;

}  // namespace

class PulledSource::HugePageAside final : public PagesAside {
 public:
  HugePageAside(PulledSource& source, Mapping staging) : source_(source), staging_(std::move(staging)) {}

  bool fill(uint64_t byte_offset, uint64_t byte_length) override {
    if (byte_length != kAsideBytes || !source_.may_move_) return false;
    const MemoryObject::ContentRun run = source_.object_->next_run(byte_offset, byte_offset + byte_length);
    switch (run.content) {
      case Content::kZeros:
        return false;  // a hole must not cost memory
      case Content::kBytes:
        return run.length == byte_length && fill_with(run);
    }
    return false;
  }

  CopyProgress put_in_place(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                            uint64_t byte_length) override {
    const uint64_t from = staging_.address() + (byte_offset - filled_at_);
    const CopyProgress progress = userfault.install_move(address, from, byte_length);
    const bool is_unknown = progress.error_number == EINVAL || progress.error_number == ENOTTY;
    if (is_unknown && progress.bytes == 0) source_.may_move_ = false;  // before Linux 6.8
    source_.bytes_pulled_ += progress.bytes;
    if (progress.bytes > 0) in_place_until_ = byte_offset + progress.bytes;
    return progress;
  }

  // All pages up to the last one that was moved are in the range: those that were not moved were there already.
  void give_back() override {
    source_.give_back(source_.take_turn(), {filled_at_, in_place_until_ - filled_at_}, {filled_at_, kAsideBytes});
  }

 private:
  bool fill_with(MemoryObject::Run run) {
    const Turn turn = source_.take_turn();
    if (source_.is_any_copied(run)) return false;
    std::memcpy(reinterpret_cast<void*>(staging_.address()),
                reinterpret_cast<const void*>(source_.view_.address() + run.offset), run.length);
    filled_at_ = run.offset;
    in_place_until_ = run.offset;
    return true;
  }

  PulledSource& source_;
  const Mapping staging_;
  uint64_t filled_at_ = 0;
  uint64_t in_place_until_ = 0;
};

Result<std::unique_ptr<PulledSource>> PulledSource::open(Origin origin) {
  const MemoryObject& object = *origin.object;
  Result<Mapping> view = Mapping::view(object.fd(), 0, object.byte_length(), /*writable=*/false);
  if (!view.is_ok()) return view.status();
  return std::unique_ptr<PulledSource>(new PulledSource(std::move(origin), view.take()));
}

uint64_t PulledSource::bulk_step_bytes() const { return kCopyStepBytes; }

std::unique_ptr<PagesAside> PulledSource::open_aside() {
  // Larger huge pages take too long to fill, and too much memory.
  const bool is_worth_it = object_->byte_length() >= kAsideBytes && huge_page_bytes() == kAsideBytes;
  if (!may_move_ || !is_worth_it || !can_have_huge_pages()) return nullptr;
  Result<Mapping> staging = Mapping::anonymous(kAsideBytes, Protection{true, false});
  if (!staging.is_ok() || !advise_huge_pages(staging.value().address(), kAsideBytes)) return nullptr;
  return std::make_unique<HugePageAside>(*this, staging.take());
}

CopyProgress PulledSource::install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                   uint64_t byte_length) {
  const MemoryObject::ContentRun run = object_->next_run(byte_offset, byte_offset + byte_length);
  switch (run.content) {
    case Content::kZeros:
      return userfault.install_zeros(address, run.length);
    case Content::kBytes:
      return install_bytes(userfault, address, run);
  }
  return {};
}

CopyProgress PulledSource::install_bytes(const UserFault& userfault, uint64_t address, MemoryObject::Run run) {
  CopyProgress progress;
  const bool is_huge = run.length >= kAsideBytes && is_aligned(address, kAsideBytes);
  if (is_huge && move_huge_page(userfault, address, run.offset, progress)) return progress;
  return install_copy(userfault, address, run);
}

bool PulledSource::move_huge_page(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                  CopyProgress& progress) {
  if (!aside_mutex_.try_lock()) return false;
  const bool has_moved = move_by_aside(userfault, address, byte_offset, progress);
  aside_mutex_.unlock();
  return has_moved;
}

bool PulledSource::move_by_aside(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                 CopyProgress& progress) {
  if (fault_aside_ == nullptr) fault_aside_ = open_aside();
  if (fault_aside_ == nullptr || !fault_aside_->fill(byte_offset, kAsideBytes)) return false;
  progress = fault_aside_->put_in_place(userfault, address, byte_offset, kAsideBytes);
  fault_aside_->give_back();
  return progress.bytes > 0;
}

CopyProgress PulledSource::install_copy(const UserFault& userfault, uint64_t address, MemoryObject::Run run) {
  const uint64_t source = view_.address() + run.offset;
  checkpoint("pull.copying");
  const Turn turn = take_turn();
  if (turn.owns_lock() && is_any_copied({run.offset, page_bytes()})) return {CopyOutcome::kAlreadyThere, 0, 0};
  // Brings the source pages in with one call; the copy would bring them in one by one.
  [[maybe_unused]] const Status populated = populate(source, run.length, /*write=*/false);
  const CopyProgress progress = userfault.install_copy(address, source, run.length);
  bytes_pulled_ += progress.bytes;
  give_back(turn, {run.offset, progress.bytes}, run);
  return progress;
}

PulledSource::Turn PulledSource::take_turn() {
  return consume_ && object_->is_hugetlb() ? Turn(turn_) : Turn(turn_, std::defer_lock);
}

PageRange PulledSource::pages_of(MemoryObject::Run run) const {
  return {run.offset / page_bytes(), run.length / page_bytes()};
}

bool PulledSource::is_any_copied(MemoryObject::Run run) const {
  const MutexLock lock(copied_mutex_);
  return copied_.contains_any(pages_of(run));
}

void PulledSource::give_back(const Turn& turn, MemoryObject::Run copied, MemoryObject::Run looked_at) {
  if (!consume_) return;
  for (const PageRange run : to_give_back(turn, copied, looked_at)) {
    object_->punch_hole(run.first * page_bytes(), run.count * page_bytes());
  }
}

std::vector<PageRange> PulledSource::to_give_back(const Turn& turn, MemoryObject::Run copied,
                                                  MemoryObject::Run looked_at) {
  const MutexLock lock(copied_mutex_);
  copied_.add(pages_of(copied));
  if (turn.owns_lock()) return whole_huge_pages(looked_at);
  std::vector<PageRange> runs;
  PageRange rest = pages_of(looked_at);
  for (PageRange run = copied_.first_run(rest); !run.is_empty(); run = copied_.first_run(rest)) {
    runs.push_back(run);
    rest = {run.end(), rest.end() - run.end()};
  }
  return runs;
}

// The pool takes back only whole huge pages.
std::vector<PageRange> PulledSource::whole_huge_pages(MemoryObject::Run looked_at) const {
  const uint64_t huge = huge_page_bytes();
  std::vector<PageRange> runs;
  for (uint64_t at = align_down(looked_at.offset, huge); at < looked_at.offset + looked_at.length; at += huge) {
    const PageRange pages = pages_of({at, huge});
    if (copied_.first_gap(pages).is_empty()) runs.push_back(pages);
  }
  return runs;
}

void PulledSource::copy_to(uint64_t address, uint64_t byte_offset, uint64_t byte_length) {
  const uint64_t end = byte_offset + byte_length;
  for (uint64_t at = byte_offset; at < end;) {
    const MemoryObject::ContentRun run = object_->next_run(at, std::min(at + kStepBytes, end));
    switch (run.content) {
      case Content::kBytes:
        copy_run(address + (at - byte_offset), run);
        break;
      case Content::kZeros:
        break;  // fresh memory is zero already
    }
    at = run.end();
  }
}

void PulledSource::copy_run(uint64_t address, MemoryObject::Run run) {
  std::memcpy(reinterpret_cast<void*>(address), reinterpret_cast<const void*>(view_.address() + run.offset),
              run.length);
  bytes_pulled_ += run.length;
  give_back(take_turn(), run, run);
}

}  // namespace vmoffer
