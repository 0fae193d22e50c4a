#include "native/environment.h"

#include "engine/sys/thread_cpu.h"
#include "native/arguments.h"

namespace vmoffer {

Environment::Environment(Napi::Env env)
    : env_(env), notifier_(JsNotifier::create(env)), limbo_(std::make_shared<Limbo>([this] {
        // Posted, because finalizers call this and may not call JavaScript.
        notifier_->post([](Napi::Env later) { call_back(later, of(later).schedule_sweep_.Value(), {}); });
      })) {
  enroll_this_thread();
  Outliving::instance().sweep();
  // Registered after the thread-safe function, so it runs before that function's clean-up: nothing is posted to a
  // function that is gone.
  env.AddCleanupHook([this] { close(); });
}

void Environment::initialize(const Napi::Object& hooks) {
  create_error_ = Napi::Persistent(function_property(hooks, "createError"));
  schedule_sweep_ = Napi::Persistent(function_property(hooks, "scheduleSweep"));
  schedule_look_ = Napi::Persistent(function_property(hooks, "scheduleLook"));
}

ClaimBatch& Environment::claim_batch(Broker& broker) {
  if (claim_batch_ == nullptr) claim_batch_ = broker.claims().open_batch();
  return *claim_batch_;
}

void Environment::schedule_look() {
  if (!std::exchange(is_look_scheduled_, true)) schedule_look_.Call({});
}

std::vector<ClaimBatch::Answered> Environment::look_for_claims() {
  is_look_scheduled_ = false;
  return claim_batch_ == nullptr ? std::vector<ClaimBatch::Answered>() : claim_batch_->look();
}

Environment::CallbackId Environment::keep_callback(const Napi::Function& function) {
  const CallbackId id = ++last_callback_;
  callbacks_.emplace(id, Callback{Napi::Persistent(function), nullptr, false});
  return id;
}

void Environment::on_close(CallbackId id, std::function<void()> stop) {
  const auto found = callbacks_.find(id);
  if (found == callbacks_.end()) return;
  found->second.stop = std::move(stop);
  if (found->second.is_stopped) found->second.stop();
}

void Environment::stop(CallbackId id) {
  const auto found = callbacks_.find(id);
  if (found == callbacks_.end()) return;
  found->second.is_stopped = true;
  if (found->second.stop) found->second.stop();
}

Napi::Function Environment::callback(CallbackId id) const {
  const auto found = callbacks_.find(id);
  return found == callbacks_.end() ? Napi::Function() : found->second.function.Value();
}

Napi::Function Environment::take_callback(CallbackId id) {
  const Napi::Function function = callback(id);
  callbacks_.erase(id);
  return function;
}

void Environment::close() {
  notifier_->close();
  while (!closables_.empty()) {
    Closable* closable = *closables_.begin();
    closables_.erase(closables_.begin());
    closable->close();
  }
  for (const auto& [id, callback] : callbacks_) {
    if (callback.stop) callback.stop();
  }
  callbacks_.clear();
}

}  // namespace vmoffer
