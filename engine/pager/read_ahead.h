// ReadAhead: which pages a helper on another core should install before a reader reaches them. Pure; not thread-safe.
//
// A reader that finds all its pages installed causes no faults, so nothing reports where it is. Each order therefore
// leaves its first page out, as a tripwire. The fault on that page tells that the reader has come so far, is answered
// with that page alone, and causes the next order, twice as long, up to 16 MiB. A reader that stops leaves at most two
// orders behind.
//
//     read             installed ahead           ordered now
//     ─────────────────╫─────────────────────────╫───────────────────────────────
//                      tripwire: order ──▶       next tripwire
//
// A reader that is faster than the helper faults on a page that is not there yet. Then the thread that answers installs
// a stint itself, and the helper continues after that stint: two cores install while one reads.
//
// Downward runs are handled in the same way, mirrored.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/page_range.h"

namespace vmoffer {

class ReadAhead {
 public:
  ReadAhead(uint64_t page_count, uint64_t page_bytes) : page_count_(page_count), limits_(page_bytes) {}

  // The window of a run is being installed for the touched page, which is its first or its last. True if there are
  // pages to take now.
  bool begin(PageRange window, uint64_t touched);

  // The window to install for a fault on that page, besides the page itself (it may be empty). Nothing if none of the
  // followed readers can be there.
  std::optional<PageRange> on_fault(uint64_t page);

  // The next pages to install, at most `max_pages`; nothing if all ordered pages have been taken.
  std::optional<PageRange> take(uint64_t max_pages);
  bool has_orders() const;
  // These taken pages cannot be installed without a cost: stop following the reader.
  void give_up(PageRange taken);
  // The longest order from here on. A reader is heard of once in each.
  void set_most(uint64_t pages) { most_ = std::clamp<uint64_t>(pages, 1, limits_.max_order); }
  // This page was installed for its reader while the helper was still at it: it is neither a hit nor waste.
  void brought_otherwise(uint64_t page);

  // How many taken pages a reader has passed, and how many belonged to readers that are not followed any more.
  uint64_t hits() const { return hits_; }
  uint64_t waste() const { return waste_; }

 private:
  // In pages; they follow from limits in bytes.
  struct Limits {
    explicit Limits(uint64_t page_bytes);
    // The shortest window of a run that keeps its reader busy until the helper is awake.
    const uint64_t min_window;
    const uint64_t first_order;
    const uint64_t max_order;
    const uint64_t min_stint;
    const uint64_t max_stint;
    const uint64_t near_pages;
  };
  // All positions are counted in the reader's direction, from the end of the range at which such readers begin.
  struct Reader {
    bool is_upwards = true;
    uint64_t at = 0;               // how far it has come
    uint64_t next = 0;             // the first page that was neither installed nor taken
    uint64_t end = 0;              // the end of the ordered pages
    uint64_t tripwire = 0;         // the page that was left out
    uint64_t order = 0;            // the number of pages in the last order
    uint64_t stint = 0;            // the pages it gets if it outruns the helper again
    std::vector<PageRange> taken;  // taken pages that it has not passed yet
    uint64_t used_at = 0;          // 0: no reader
  };

  PageRange mirrored(const Reader& reader, PageRange range) const;
  uint64_t position_of(const Reader& reader, uint64_t page) const;
  bool has_come(const Reader& reader, uint64_t position) const;
  PageRange advance(Reader& reader, uint64_t position);
  void order(Reader& reader);
  void pass(Reader& reader, uint64_t position);
  void forget(Reader& reader);
  bool has_order(const Reader& reader) const;

  const uint64_t page_count_;
  const Limits limits_;
  uint64_t most_ = limits_.max_order;
  uint64_t clock_ = 0;
  uint64_t hits_ = 0;
  uint64_t waste_ = 0;
  std::array<Reader, 4> readers_;
};

}  // namespace vmoffer
