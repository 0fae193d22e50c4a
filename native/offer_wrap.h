// OfferWrap: an offer that this process has made, as a JavaScript object. JavaScript thread only. Other threads tell
// its OfferStatus what becomes of the offer.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "engine/base/mutex.h"
#include "engine/sys/bell.h"
#include "engine/transfer/runtime.h"
#include "native/environment.h"

namespace vmoffer {

// Remembers what has become of the offer, and tells JavaScript when it asks. Any thread.
class OfferStatus : public OfferObserver {
 public:
  explicit OfferStatus(std::shared_ptr<JsNotifier> notifier) : notifier_(std::move(notifier)) {}

  void on_bell(Bell bell) override;
  void on_ended(OfferState ending) override;
  void on_released() override;

  std::optional<OfferState> ending() const;
  // Returns owned; not open if there is no bell, or if it was taken before.
  Bell take_bell();
  void when_ended(Environment::CallbackId callback);
  void when_released(Environment::CallbackId callback);

 private:
  void tell_ended() VMO_REQUIRES(mutex_);
  void tell_released() VMO_REQUIRES(mutex_);

  const std::shared_ptr<JsNotifier> notifier_;
  mutable Mutex mutex_;
  Bell bell_ VMO_GUARDED_BY(mutex_);
  std::optional<OfferState> ending_ VMO_GUARDED_BY(mutex_);
  bool is_released_ VMO_GUARDED_BY(mutex_) = false;
  std::optional<Environment::CallbackId> ended_callback_ VMO_GUARDED_BY(mutex_);
  std::optional<Environment::CallbackId> released_callback_ VMO_GUARDED_BY(mutex_);
};

class OfferWrap : public Napi::ObjectWrap<OfferWrap> {
 public:
  static void define(Napi::Env env);
  static Napi::Object of_offer(Napi::Env env, OfferId id, const Runtime::OfferRequest& request,
                               std::shared_ptr<OfferStatus> status);

  // Only by of_offer().
  explicit OfferWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<OfferWrap>(info) {}

 private:
  Napi::Value id(const Napi::CallbackInfo& info);
  Napi::Value dest_pid(const Napi::CallbackInfo& info);
  Napi::Value address(const Napi::CallbackInfo& info);
  Napi::Value byte_length(const Napi::CallbackInfo& info);
  Napi::Value flags(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  void withdraw(const Napi::CallbackInfo& info);
  Napi::Value take_bell(const Napi::CallbackInfo& info);
  void on_ended(const Napi::CallbackInfo& info);
  void on_released(const Napi::CallbackInfo& info);

  OfferId id_ = 0;
  Runtime::OfferRequest request_;
  std::shared_ptr<OfferStatus> status_;
};

const char* name_of(OfferState state);
Status too_late();

}  // namespace vmoffer
