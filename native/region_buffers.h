// RegionBuffers: the ArrayBuffers over one region. Each holds the region, so that its addresses stay taken as long as
// anything can look at them. JavaScript thread only.
//
// The collector's word that an ArrayBuffer object is gone is not the last one: a job may still use its backing store.
// So the region goes into limbo until the backing store has gone, too.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_set>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/memory/region.h"
#include "native/js_notifier.h"

namespace vmoffer {

// An ArrayBuffer object, until its finalizer has run.
struct RegionBuffer;

// Regions whose ArrayBuffer objects have been collected and whose backing stores may not have been.
class Limbo {
 public:
  // `sweep_later` arranges a call of sweep().
  explicit Limbo(std::function<void()> sweep_later) : sweep_later_(std::move(sweep_later)) {}
  // What still waits outlives the environment.
  ~Limbo();

  // Borrows it until take().
  void expect(RegionBuffer& buffer) { expected_.insert(&buffer); }
  // Its finalizer runs. What it has of the region is here from then on.
  void take(RegionBuffer& buffer);
  // As if the finalizers of all that have been collected had run.
  void take_collected();
  // True when something is still waiting.
  bool sweep();
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<Region> region;
    std::weak_ptr<void> store;
  };
  void add(RegionBuffer& buffer);

  const std::function<void()> sweep_later_;
  std::unordered_set<RegionBuffer*> expected_;
  std::vector<Entry> entries_;
};

// Regions whose environment has ended and whose backing stores have not: a program may have moved one to another
// thread (Node 20 to 23, by way of a byte stream). They have given their memory back and keep their addresses. Any
// thread.
class Outliving {
 public:
  static Outliving& instance();

  void add(const std::shared_ptr<Region>& region, std::weak_ptr<void> store);
  // Whatever ends or begins calls it: nobody hears of a backing store's end.
  void sweep();

 private:
  struct Entry {
    std::shared_ptr<Region> region;
    std::weak_ptr<void> store;
  };
  Mutex mutex_;
  std::vector<Entry> entries_ VMO_GUARDED_BY(mutex_);
};

class RegionBuffers {
 public:
  // An ArrayBuffer that is collected after the limbo has gone (the environment is ending) leaves the region to
  // Outliving.
  RegionBuffers(std::shared_ptr<Region> region, std::weak_ptr<Limbo> limbo)
      : region_(std::move(region)), limbo_(std::move(limbo)) {}

  // Empty when the runtime refuses; an exception is pending then. REQUIRES: the range is in the region.
  Napi::ArrayBuffer open(Napi::Env env, uint64_t byte_offset, uint64_t byte_length, bool sets_detach_key);
  void detach_all(Napi::Env env) const { detach(env, *references_); }
  // From now on another process's claim of the region detaches them, too: soon, on this thread.
  void detach_when_disowned(const std::shared_ptr<JsNotifier>& notifier);
  // True while an ArrayBuffer object is there, detached or not.
  bool any() const { return !references_->empty(); }

 private:
  friend struct RegionBuffer;
  using References = std::list<Napi::Reference<Napi::ArrayBuffer>>;

  static void detach(Napi::Env env, const References& references);
  static void on_collected(Napi::Env env, RegionBuffer* buffer);

  const std::shared_ptr<Region> region_;
  const std::weak_ptr<Limbo> limbo_;
  // Weak references; shared with the finalizers, which take theirs out.
  const std::shared_ptr<References> references_ = std::make_shared<References>();
};

}  // namespace vmoffer
