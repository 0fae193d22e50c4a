// Supplier: who brings the bytes of supplied memory. It may be on any thread, and may take its time; it answers with
// SuppliedMemory::complete() or fail().
#pragma once

#include <cstdint>

#include "engine/supply/fill_book.h"

namespace vmoffer {

class Supplier {
 public:
  virtual ~Supplier() = default;
  // Both are called under a lock, so that no fill is stopped before it has begun: by vmo-supply, or by the thread that
  // brings bytes. They must neither block nor answer.
  virtual void begin(const FillOrder& order, uint64_t byte_offset, uint64_t byte_length) = 0;
  // Nobody wants it any more, or its time is up. What it brings all the same is welcome while it is not too late.
  virtual void stop(FillId id) = 0;
};

}  // namespace vmoffer
