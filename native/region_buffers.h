// RegionBuffers: the ArrayBuffers over one region. Each holds the region, so that its addresses stay taken for as long
// as anything can look at them. JavaScript thread only.
//
// When an ArrayBuffer object is collected, a job may still use its backing store. So the region goes into limbo until
// the backing store is gone, too.
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
  // Regions that still wait go to Outliving.
  ~Limbo();

  // Borrows it until take().
  void expect(RegionBuffer& buffer) { expected_.insert(&buffer); }
  // For its finalizer. Takes over its share of the region.
  void take(RegionBuffer& buffer);
  // Does what the finalizers of all collected buffers would.
  void take_collected();
  // Drops regions whose backing stores are gone. True if others still wait.
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

// Regions whose backing stores outlive their environment: a program may have moved one to another thread (Node 20 to
// 23, through a byte stream). They have given their memory back and keep their addresses. Any thread.
class Outliving {
 public:
  static Outliving& instance();

  void add(const std::shared_ptr<Region>& region, std::weak_ptr<void> store);
  // Nothing tells when a backing store is gone, so every environment sweeps when it begins, and each limbo sweeps, too.
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
  // If an ArrayBuffer is collected after the limbo has gone, because the environment is ending, Outliving gets the
  // region.
  RegionBuffers(std::shared_ptr<Region> region, std::weak_ptr<Limbo> limbo)
      : region_(std::move(region)), limbo_(std::move(limbo)) {}

  // Empty if the runtime refuses; an exception is pending then. REQUIRES: the range is in the region.
  Napi::ArrayBuffer open(Napi::Env env, uint64_t byte_offset, uint64_t byte_length, bool sets_detach_key);
  void detach_all(Napi::Env env) const { detach(env, *references_); }
  // From now on a claim that disowns the region detaches the buffers, too: soon afterwards, on this thread.
  void detach_when_disowned(const std::shared_ptr<JsNotifier>& notifier);
  // True while an ArrayBuffer object exists, detached or not.
  bool any() const { return !references_->empty(); }

 private:
  friend struct RegionBuffer;
  using References = std::list<Napi::Reference<Napi::ArrayBuffer>>;

  static void detach(Napi::Env env, const References& references);
  static void on_collected(Napi::Env env, RegionBuffer* buffer);

  const std::shared_ptr<Region> region_;
  const std::weak_ptr<Limbo> limbo_;
  // Weak references. The finalizers share the list, and each removes its own.
  const std::shared_ptr<References> references_ = std::make_shared<References>();
};

}  // namespace vmoffer
