// PageSource: where the pages of a paged range come from. Any thread, but only through the range's PageInstaller.
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

// PagesAside: memory in which pieces of a source are prepared, one after the other, before they are put in place. Used
// by one thread; borrows its source.
class PagesAside {
 public:
  virtual ~PagesAside() = default;

  // Prepares a piece. Called without the range's lock, because it takes as long as copying. False if the piece must be
  // installed in the usual way.
  virtual bool fill(uint64_t byte_offset, uint64_t byte_length) = 0;
  // As PageSource::install(), from the piece that was filled last. Called with the range's lock. Pages that have been
  // installed meanwhile stay as they are.
  virtual CopyProgress put_in_place(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                                    uint64_t byte_length) = 0;
  // The source need not keep the pages that were put in place. Called without the range's lock.
  virtual void give_back() = 0;
};

// A source's answer to ask().
struct Supply {
  // How many of the bytes are there, counted from the first: install() has them.
  uint64_t bytes_here = 0;
  // Set exactly if `bytes_here` is 0: a request for the first of the bytes.
  std::shared_ptr<PageRequest> request;
};

class PageSource {
 public:
  virtual ~PageSource() = default;

  // A thread has touched this byte, and will be answered by way of the calls below. Returns how many bytes may be
  // installed ahead of it before it is heard of again. Called with the range's lock.
  virtual uint64_t on_touch(uint64_t /*byte_offset*/) { return UINT64_MAX; }
  // Says how many of these bytes are there, or requests them. Called before every install(), with the range's lock.
  // Never waits, and calls nobody back. A request begins at `byte_offset`, covers whole pages, and may be for more
  // bytes.
  virtual Supply ask(uint64_t /*byte_offset*/, uint64_t byte_length) { return {byte_length, nullptr}; }
  // Puts pages into a registered range, from its start on, as many as it can in one step, and wakes the threads that
  // wait for them. `byte_offset` is the range's place in the region.
  virtual CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                               uint64_t byte_length) = 0;
  // Makes pages in a hole, after install() returned kHole. False if they cannot be made.
  virtual bool fill_hole(uint64_t byte_offset, uint64_t byte_length) = 0;
  // Nobody has the bytes of these pages: a touch of one ends the process by a signal. Called with the range's lock.
  virtual void forbid(const UserFault& /*userfault*/, uint64_t address, uint64_t /*byte_offset*/,
                      uint64_t byte_length) {
    forbid_access(address, byte_length);
  }
  // Pages that were forbidden can be installed from here on. Called with the range's lock.
  virtual void permit(uint64_t /*address*/, uint64_t /*byte_length*/) {}
  // How the range is registered: as a mapping of the object, or as private memory.
  virtual UserFault::Kind registration() const = 0;
  // True if the kernel finds the right bytes by itself once the range is not registered any more.
  virtual bool kernel_has_the_bytes() const = 0;
  // How many of these bytes, from the first on, the kernel may map by itself: it has the right bytes, and there is no
  // hole among them. Called without the range's lock.
  virtual uint64_t bytes_for_kernel(uint64_t /*byte_offset*/, uint64_t /*byte_length*/) { return 0; }
  // True if installed pages take memory of their own, beside the object's.
  virtual bool takes_memory() const = 0;
  // The least that it can install. The range begins at a multiple of it, and its length is one.
  virtual uint64_t unit_bytes() const { return page_bytes(); }
  virtual uint64_t bytes_pulled() const { return 0; }
  // How much bulk work installs at a time, while faults wait for it. Should take about 50 µs.
  virtual uint64_t bulk_step_bytes() const { return kStepBytes; }
  // For bulk work. Null if there is nothing better than install(). Called without the range's lock, by any thread.
  virtual std::unique_ptr<PagesAside> open_aside() { return nullptr; }
};

}  // namespace vmoffer
