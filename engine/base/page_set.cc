#include "engine/base/page_set.h"

#include <algorithm>
#include <bit>

namespace vmoffer {
namespace {

uint64_t mask_of(uint64_t first_bit, uint64_t bit_count) {
  const uint64_t ones = bit_count == 64 ? ~uint64_t{0} : (uint64_t{1} << bit_count) - 1;
  return ones << first_bit;
}

}  // namespace

bool PageSet::contains(uint64_t page) const { return (word_of(page) >> (page % 64)) & 1; }

bool PageSet::contains_any(PageRange range) const {
  const PageRange clipped = intersect(range, PageRange{0, page_count_});
  return find(true, clipped.first, clipped.end()) < clipped.end();
}

template <typename Change>
void PageSet::change(PageRange range, bool create, Change change_word) {
  const PageRange clipped = intersect(range, PageRange{0, page_count_});
  for (uint64_t page = clipped.first; page < clipped.end();) {
    const uint64_t bit = page % 64;
    const uint64_t count = std::min(64 - bit, clipped.end() - page);
    auto found = chunks_.find(page / kPagesPerChunk);
    if (found == chunks_.end() && create) {
      found = chunks_.emplace(page / kPagesPerChunk, std::make_unique<Chunk>()).first;
    }
    if (found != chunks_.end()) {
      change_word(found->second->words[page % kPagesPerChunk / 64], mask_of(bit, count));
    }
    page += count;
  }
}

void PageSet::add(PageRange range) {
  change(range, true, [](uint64_t& word, uint64_t mask) { word |= mask; });
}

void PageSet::remove(PageRange range) {
  change(range, false, [](uint64_t& word, uint64_t mask) { word &= ~mask; });
}

uint64_t PageSet::word_of(uint64_t page) const {
  const auto found = chunks_.find(page / kPagesPerChunk);
  return found == chunks_.end() ? 0 : found->second->words[page % kPagesPerChunk / 64];
}

// The first page from `page` on that is (or is not) in the set, or `end` if there is none before it.
uint64_t PageSet::find(bool is_in, uint64_t page, uint64_t end) const {
  while (page < end) {
    const uint64_t wanted = (is_in ? word_of(page) : ~word_of(page)) >> (page % 64);
    if (wanted != 0) return std::min(page + static_cast<uint64_t>(std::countr_zero(wanted)), end);
    page += 64 - page % 64;
  }
  return end;
}

PageRange PageSet::first_stretch(bool is_in, PageRange within) const {
  const PageRange clipped = intersect(within, PageRange{0, page_count_});
  const uint64_t first = find(is_in, clipped.first, clipped.end());
  return PageRange{first, find(!is_in, first, clipped.end()) - first};
}

PageRange PageSet::first_gap(PageRange within) const { return first_stretch(false, within); }
PageRange PageSet::first_run(PageRange within) const { return first_stretch(true, within); }

}  // namespace vmoffer
