#include "engine/pager/read_ahead.h"

#include <algorithm>

#include "engine/base/least_recent.h"
#include "engine/base/units.h"

namespace vmoffer {

ReadAhead::Limits::Limits(uint64_t page_bytes)
    : min_window(as_many_bytes(256, page_bytes)),
      first_order(as_many_bytes(512, page_bytes)),
      max_order(as_many_bytes(4096, page_bytes)),
      min_stint(as_many_bytes(64, page_bytes)),
      max_stint(as_many_bytes(512, page_bytes)),
      near_pages(as_many_bytes(16, page_bytes)) {}

PageRange ReadAhead::mirrored(const Reader& reader, PageRange range) const {
  return reader.is_upwards ? range : PageRange{page_count_ - range.end(), range.count};
}

uint64_t ReadAhead::position_of(const Reader& reader, uint64_t page) const {
  return reader.is_upwards ? page : page_count_ - 1 - page;
}

bool ReadAhead::begin(PageRange window, uint64_t touched) {
  if (window.count < limits_.min_window) return false;
  Reader begun;
  begun.is_upwards = touched == window.first;
  const PageRange ahead = mirrored(begun, window);
  if (ahead.end() + limits_.min_window > page_count_) return false;
  begun.at = ahead.first;
  begun.next = begun.end = ahead.end();
  begun.stint = limits_.min_stint;
  begun.used_at = ++clock_;
  order(begun);
  Reader& forgotten = least_recent(readers_);
  forget(forgotten);
  forgotten = begun;
  return true;
}

// The last page of the range is a tripwire, too, so that in the end the hits and the waste are known.
void ReadAhead::order(Reader& reader) {
  reader.order = std::min(reader.order == 0 ? limits_.first_order : 2 * reader.order, most_);
  reader.tripwire = std::min(reader.end, page_count_ - 1);
  reader.end = std::min(reader.end + reader.order, page_count_ - 1);
}

bool ReadAhead::has_come(const Reader& reader, uint64_t position) const {
  if (reader.used_at == 0 || position < reader.at) return false;
  return position == reader.tripwire || position < reader.next + limits_.near_pages;
}

std::optional<PageRange> ReadAhead::on_fault(uint64_t page) {
  for (Reader& reader : readers_) {
    const uint64_t position = position_of(reader, page);
    if (!has_come(reader, position)) continue;
    reader.used_at = ++clock_;
    const PageRange window = mirrored(reader, advance(reader, position));
    if (position == page_count_ - 1) forget(reader);
    return window;
  }
  return std::nullopt;
}

PageRange ReadAhead::advance(Reader& reader, uint64_t position) {
  pass(reader, position);
  const bool is_outrun = position + limits_.min_stint > reader.next;
  PageRange window{reader.next, 0};
  if (is_outrun) {
    reader.next = std::max(reader.next, std::min(position, page_count_ - 1));
    window = intersect({reader.next, reader.stint}, {0, page_count_ - 1});
    reader.next = window.end();
    reader.stint = std::min(2 * reader.stint, limits_.max_stint);
  } else {
    reader.stint = std::max(reader.stint / 2, limits_.min_stint);
  }
  reader.end = std::max(reader.end, reader.next);
  if (position >= reader.tripwire || reader.next > reader.tripwire) order(reader);
  return window;
}

void ReadAhead::pass(Reader& reader, uint64_t position) {
  for (PageRange& taken : reader.taken) {
    const uint64_t passed = std::min(taken.count, position - std::min(position, taken.first));
    hits_ += passed;
    taken = {taken.first + passed, taken.count - passed};
  }
  std::erase_if(reader.taken, [](PageRange taken) { return taken.is_empty(); });
  reader.at = position;
}

void ReadAhead::forget(Reader& reader) {
  for (const PageRange taken : reader.taken) waste_ += taken.count;
  reader = Reader();
}

bool ReadAhead::has_order(const Reader& reader) const {
  const uint64_t next = reader.next == reader.tripwire ? reader.next + 1 : reader.next;
  return reader.used_at != 0 && next < reader.end;
}

bool ReadAhead::has_orders() const {
  return std::any_of(readers_.begin(), readers_.end(), [this](const Reader& reader) { return has_order(reader); });
}

std::optional<PageRange> ReadAhead::take(uint64_t max_pages) {
  for (Reader& reader : readers_) {
    if (!has_order(reader)) continue;
    if (reader.next == reader.tripwire) ++reader.next;
    const uint64_t stop = reader.next < reader.tripwire ? std::min(reader.end, reader.tripwire) : reader.end;
    const PageRange taken{reader.next, std::min(max_pages, stop - reader.next)};
    reader.next = taken.end();
    const bool goes_on = !reader.taken.empty() && reader.taken.back().end() == taken.first;
    if (goes_on) {
      reader.taken.back().count += taken.count;
    } else {
      reader.taken.push_back(taken);
    }
    return mirrored(reader, taken);
  }
  return std::nullopt;
}

void ReadAhead::brought_otherwise(uint64_t page) {
  for (Reader& reader : readers_) {
    const uint64_t position = position_of(reader, page);
    const auto found = std::find_if(reader.taken.begin(), reader.taken.end(),
                                    [&](PageRange taken) { return taken.contains(position); });
    if (found == reader.taken.end()) continue;
    const PageRange behind{position + 1, found->end() - position - 1};
    found->count = position - found->first;
    if (!behind.is_empty()) reader.taken.insert(found + 1, behind);
  }
}

void ReadAhead::give_up(PageRange taken) {
  for (Reader& reader : readers_) {
    const PageRange range = mirrored(reader, taken);
    const bool is_of = std::any_of(reader.taken.begin(), reader.taken.end(), [&](PageRange span) {
      return range.first >= span.first && range.first < span.end();
    });
    if (is_of) forget(reader);
  }
}

}  // namespace vmoffer
