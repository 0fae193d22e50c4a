// PageSet: a set of pages of a region, one bit each. It allocates memory as pages are added, so that a set over 4 GiB
// costs as little to make as a set over 4 KiB. Not thread-safe: its owner locks.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "engine/base/page_range.h"

namespace vmoffer {

class PageSet {
 public:
  explicit PageSet(uint64_t page_count) : page_count_(page_count) {}

  uint64_t page_count() const { return page_count_; }
  bool contains(uint64_t page) const;
  bool contains_any(PageRange range) const;
  void add(PageRange range);
  void remove(PageRange range);
  // The first run of pages in `within` that are not in the set; empty if there is none.
  PageRange first_gap(PageRange within) const;
  // The same for pages that are in the set.
  PageRange first_run(PageRange within) const;

 private:
  static constexpr uint64_t kWordsPerChunk = 512;
  static constexpr uint64_t kPagesPerChunk = kWordsPerChunk * 64;
  struct Chunk {
    uint64_t words[kWordsPerChunk] = {};
  };

  uint64_t word_of(uint64_t page) const;
  uint64_t find(bool is_in, uint64_t page, uint64_t end) const;
  PageRange first_stretch(bool is_in, PageRange within) const;
  template <typename Change>
  void change(PageRange range, bool create, Change change_word);

  uint64_t page_count_;
  std::unordered_map<uint64_t, std::unique_ptr<Chunk>> chunks_;
};

}  // namespace vmoffer
