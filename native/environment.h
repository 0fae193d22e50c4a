// Environment: the library's state in one Node environment (the main thread, a worker). Made when the environment loads
// the addon, closed when the environment ends. JavaScript thread only.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

#include "engine/transfer/runtime.h"
#include "native/collectables.h"
#include "native/js_notifier.h"
#include "native/region_buffers.h"

namespace vmoffer {

// An object that must be closed before its environment ends.
class Closable {
 public:
  virtual ~Closable() = default;
  virtual void close() = 0;
};

class Environment {
 public:
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  explicit Environment(Napi::Env env);
  ~Environment() { close(); }
  // The functions that the JavaScript part provides.
  void initialize(const Napi::Object& hooks);

  napi_env env() const { return env_; }
  Runtime& runtime() { return Runtime::instance(); }
  const std::shared_ptr<JsNotifier>& notifier() const { return notifier_; }
  const Napi::FunctionReference& create_error() const { return create_error_; }
  const std::shared_ptr<Limbo>& limbo() const { return limbo_; }
  const std::shared_ptr<Collectables>& collectables() const { return collectables_; }

  // The claims of this thread that it looks for by itself. REQUIRES: there is a broker.
  ClaimBatch& claim_batch(Broker& broker);
  // look_for_claims() is called when the JavaScript that runs now has ended.
  void schedule_look();
  // What has come of the batch.
  std::vector<ClaimBatch::Answered> look_for_claims();

  // JavaScript functions that wait for the engine, by number: other threads hold the number and never the function.
  using CallbackId = uint64_t;
  CallbackId keep_callback(const Napi::Function& function);
  // `stop` is called if the environment ends while the callback is still kept, because nobody needs its result any
  // more.
  void on_close(CallbackId id, std::function<void()> stop);
  // Calls that function now, and any later one at once. Nothing if the callback is not kept, or no longer.
  void stop(CallbackId id);
  // Empty if the callback is not kept, or no longer.
  Napi::Function callback(CallbackId id) const;
  Napi::Function take_callback(CallbackId id);

  void add(Closable& closable) { closables_.insert(&closable); }
  void remove(Closable& closable) { closables_.erase(&closable); }

  Napi::FunctionReference region_class;
  Napi::FunctionReference offer_class;
  Napi::FunctionReference bell_class;
  Napi::FunctionReference supply_class;
  Napi::FunctionReference supplier_class;

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  struct Callback {
    Napi::FunctionReference function;
    std::function<void()> stop;
    bool is_stopped = false;
  };

  void close();

  const napi_env env_;
  const std::shared_ptr<JsNotifier> notifier_;
  Napi::FunctionReference create_error_;
  Napi::FunctionReference schedule_sweep_;
  Napi::FunctionReference schedule_look_;
  std::shared_ptr<ClaimBatch> claim_batch_;
  bool is_look_scheduled_ = false;
  CallbackId last_callback_ = 0;
  std::unordered_map<CallbackId, Callback> callbacks_;
  std::set<Closable*> closables_;
  const std::shared_ptr<Limbo> limbo_;
  const std::shared_ptr<Collectables> collectables_ = std::make_shared<Collectables>();
};

}  // namespace vmoffer
