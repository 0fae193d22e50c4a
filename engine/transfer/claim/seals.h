// Seals: memory objects that are to be sealed against writing, on a thread of their own: while somebody has a page
// pinned, the kernel waits for a few hundred milliseconds before it gives up. Broker thread only.
//
// Each claimer has one seal under way at a time, in turn with the others': who pins the pages of all that it claims
// holds each of the others up by one wait.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "engine/sys/memory_object.h"
#include "engine/transfer/aside.h"
#include "engine/transfer/offers/offer_book.h"

namespace vmoffer {

class Seals {
 public:
  // Borrows the loop.
  explicit Seals(EventLoop& loop) : aside_(loop, "vmo-sealer", "sealer.rests") {}

  // `then` is called when the object has been sealed, or cannot be. The object is let go of before.
  void seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then);

  Seals(const Seals&) = delete;
  Seals& operator=(const Seals&) = delete;

 private:
  struct Wanted {
    std::shared_ptr<MemoryObject> object;
    std::function<void()> then;
  };

  void begin_next(DestinationId claimer);

  std::unordered_map<DestinationId, std::deque<Wanted>>
      waiting_;  // a queue, empty or not, of whoever has one under way
  Aside aside_;
};

}  // namespace vmoffer
