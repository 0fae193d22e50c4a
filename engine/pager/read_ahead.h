// ReadAhead: which pages a helper on another core installs before a reader comes to them. Pure; not thread-safe.
//
// Nobody hears of a reader that finds all its pages there. So each order leaves its first page out, a tripwire: the
// fault on it tells that the reader has come so far, is answered with that page alone, and sets off the next order,
// twice as long, up to 16 MiB. A reader that stops leaves two orders behind at most.
//
//     read             installed ahead           ordered now
//     ─────────────────╫─────────────────────────╫───────────────────────────────
//                      tripwire: order ──▶       next tripwire
//
// A reader that is faster than the helper runs into what is not there yet. Then the one that answers it installs a
// share itself, and the helper goes on behind that: two cores install, one reads.
//
// Runs downwards are the same, seen in a mirror.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/page_range.h"

namespace vmoffer {

class ReadAhead {
 public:
  ReadAhead(uint64_t page_count, uint64_t page_bytes) : page_count_(page_count), limits_(page_bytes) {}

  // The window of a run is being installed for the touched page, its first or its last. True when there is something to
  // take now.
  bool begin(PageRange window, uint64_t touched);

  // The window to install for a fault on that page, besides the page itself (it may be empty); nothing when no reader
  // that is followed can have come so far.
  std::optional<PageRange> on_fault(uint64_t page);

  // The next pages to install, at most so many; nothing when all that was ordered has been taken.
  std::optional<PageRange> take(uint64_t max_pages);
  bool has_orders() const;
  // These pages, which were taken, are not to be had without a cost: the reader is not followed any further.
  void give_up(PageRange taken);

  // Of the pages that were taken: those that their reader has come past, and those of readers that are not followed any
  // more.
  uint64_t hits() const { return hits_; }
  uint64_t waste() const { return waste_; }

 private:
  // In pages, as many as are so many bytes.
  struct Limits {
    explicit Limits(uint64_t page_bytes);
    // A run's window has to be so long that its reader is busy until the helper is awake.
    const uint64_t min_window;
    const uint64_t first_order;
    const uint64_t max_order;
    const uint64_t min_share;
    const uint64_t max_share;
    const uint64_t near_pages;
  };
  // All positions are counted in the direction of the reader, from the end of the range where it came from.
  struct Reader {
    bool is_upwards = true;
    uint64_t at = 0;               // it has come so far
    uint64_t next = 0;             // the first page that nobody has installed or taken
    uint64_t end = 0;              // of what is ordered
    uint64_t tripwire = 0;         // left out
    uint64_t order = 0;            // pages in the last one
    uint64_t share = 0;            // what it gets when it outruns the helper again
    std::vector<PageRange> taken;  // and not passed yet
    uint64_t used_at = 0;          // 0: nobody
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
  uint64_t clock_ = 0;
  uint64_t hits_ = 0;
  uint64_t waste_ = 0;
  std::array<Reader, 4> readers_;
};

}  // namespace vmoffer
