// Seals: seals memory objects against writing, on a thread of its own, because the kernel waits a few hundred
// milliseconds before it gives up if a page is pinned. Broker thread only.
//
// Claimers take turns, and each has one seal under way at a time. So a claimer that pins the pages of everything that
// it claims holds up each of the others by one wait at most.
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

  // Calls `then` when the object has been sealed, or cannot be. Drops the object before that.
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
      waiting_;  // a claimer that has a seal under way has a queue here, even if it is empty
  Aside aside_;
};

}  // namespace vmoffer
