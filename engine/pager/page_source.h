// PageSource: where the pages of a paged range come from. Any thread; called by its range's PageInstaller alone.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/page_range.h"
#include "engine/base/units.h"
#include "engine/pager/page_request.h"
#include "engine/sys/mapping.h"
#include "engine/sys/page_table.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

// PagesAside: pieces of a source that are got ready where nobody waits for them, one after the other, and then put in
// place. Used by one thread; borrows its source.
class PagesAside {
 public:
  virtual ~PagesAside() = default;

  // Without the range's lock, because it takes as long as copying. False: this piece has to be installed instead.
  virtual bool fill(uint64_t byte_offset, uint64_t byte_length) = 0;
  // With the range's lock: as PageSource::install, out of the piece that was filled last. Pages that have come into the
  // range meanwhile stay as they are there.
  virtual CopyProgress put_in_place(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                    uint64_t byte_length) = 0;
  // Without it again: what was put in place need not be in the source any more.
  virtual void give_back() = 0;
};

// What a source has of the bytes it is asked for, from the first on.
struct Supply {
  // So many are there: install() has them.
  uint64_t bytes_here = 0;
  // Set exactly when that is none: the first of them are on their way.
  std::shared_ptr<PageRequest> request;
};

class PageSource {
 public:
  virtual ~PageSource() = default;

  // A thread has touched this byte, and will be answered by way of the calls below. With the range's lock.
  virtual void on_touch(uint64_t /*byte_offset*/) {}
  // Before every install(), with the range's lock: says how much of this is there, or has what is not there brought.
  // Never waits, and calls nobody back. A request begins at `byte_offset`, is whole pages, and may be for more.
  virtual Supply ask(uint64_t /*byte_offset*/, uint64_t byte_length) { return {byte_length, nullptr}; }
  // Puts pages into a registered range, from its start on, as many as it can in one step, and wakes who waits for them.
  // `byte_offset` is the range's place in the region.
  virtual CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                               uint64_t byte_length) = 0;
  // After install() said kHole: makes pages where there are none. False when they are not to be had.
  virtual bool fill_hole(uint64_t byte_offset, uint64_t byte_length) = 0;
  // Nobody has the bytes of these pages: whoever touches one is ended by a signal. With the range's lock.
  virtual void forbid(const UserFault& /*userfault*/, uint64_t address, uint64_t /*byte_offset*/,
                      uint64_t byte_length) {
    forbid_access(address, byte_length);
  }
  // What was forbidden can be installed from here on. With the range's lock.
  virtual void permit(uint64_t /*address*/, uint64_t /*byte_length*/) {}
  // As what the range is registered: it maps the object, or is private memory.
  virtual UserFault::Kind registration() const = 0;
  // True when the kernel finds the right bytes by itself once the range is not registered any more.
  virtual bool kernel_has_the_bytes() const = 0;
  // True when what is installed is memory of its own, beside the object's.
  virtual bool takes_memory() const = 0;
  // What it can install and no less: the range is a multiple of it, and begins at one.
  virtual uint64_t unit_bytes() const { return page_bytes(); }
  virtual uint64_t bytes_pulled() const { return 0; }
  // How much bulk work installs while faults wait for it: what takes some 50 µs.
  virtual uint64_t bulk_step_bytes() const { return kStepBytes; }
  // For bulk work; null where nothing is better than install(). Without the range's lock, by any thread.
  virtual std::unique_ptr<PagesAside> open_aside() { return nullptr; }
};

}  // namespace vmoffer
