#include "native/offer_wrap.h"

#include <utility>

#include "native/arguments.h"
#include "native/bell_wrap.h"
#include "native/errors.h"

namespace vmoffer {

const char* name_of(OfferState state) {
  switch (state) {
    case OfferState::kPending:
      return "pending";
    case OfferState::kClaiming:
      return "claiming";
    case OfferState::kClaimed:
      return "claimed";
    case OfferState::kCancelled:
      return "cancelled";
    case OfferState::kExpired:
      return "expired";
    case OfferState::kRevoked:
      return "revoked";
  }
  return "pending";
}

Status too_late() {
  return Status(Code::kTooLate,
                "the offer cannot be cancelled: its destination has claimed it, or is just claiming it. Wait for "
                "offer.released to know when the memory is free again");
}

void OfferStatus::on_bell(Bell bell) {
  const MutexLock lock(mutex_);
  bell_ = std::move(bell);
}

Bell OfferStatus::take_bell() {
  const MutexLock lock(mutex_);
  return std::move(bell_);
}

void OfferStatus::on_ended(OfferState ending) {
  const MutexLock lock(mutex_);
  ending_ = ending;
  tell_ended();
}

void OfferStatus::on_released() {
  const MutexLock lock(mutex_);
  is_released_ = true;
  tell_released();
}

std::optional<OfferState> OfferStatus::ending() const {
  const MutexLock lock(mutex_);
  return ending_;
}

void OfferStatus::when_ended(Environment::CallbackId callback) {
  const MutexLock lock(mutex_);
  ended_callback_ = callback;
  tell_ended();
}

void OfferStatus::when_released(Environment::CallbackId callback) {
  const MutexLock lock(mutex_);
  released_callback_ = callback;
  tell_released();
}

void OfferStatus::tell_ended() {
  if (!ending_ || !ended_callback_) return;
  notifier_->post([callback = *std::exchange(ended_callback_, std::nullopt), ending = *ending_](Napi::Env env) {
    call_back(env, Environment::of(env).take_callback(callback), {Napi::String::New(env, name_of(ending))});
  });
}

void OfferStatus::tell_released() {
  if (!is_released_ || !released_callback_) return;
  notifier_->post([callback = *std::exchange(released_callback_, std::nullopt)](Napi::Env env) {
    call_back(env, Environment::of(env).take_callback(callback), {});
  });
}

void OfferWrap::define(Napi::Env env) {
  Environment::of(env).offer_class =
      Napi::Persistent(DefineClass(env, "NativeOffer",
                                   {
                                       InstanceAccessor<&OfferWrap::id>("id"),
                                       InstanceAccessor<&OfferWrap::dest_pid>("destPid"),
                                       InstanceAccessor<&OfferWrap::address>("address"),
                                       InstanceAccessor<&OfferWrap::byte_length>("byteLength"),
                                       InstanceAccessor<&OfferWrap::flags>("flags"),
                                       InstanceAccessor<&OfferWrap::state>("state"),
                                       InstanceMethod<&OfferWrap::cancel>("cancel"),
                                       InstanceMethod<&OfferWrap::withdraw>("withdraw"),
                                       InstanceMethod<&OfferWrap::take_bell>("takeBell"),
                                       InstanceMethod<&OfferWrap::on_ended>("onEnded"),
                                       InstanceMethod<&OfferWrap::on_released>("onReleased"),
                                   }));
}

Napi::Object OfferWrap::of_offer(Napi::Env env, OfferId id, const Runtime::OfferRequest& request,
                                 std::shared_ptr<OfferStatus> status) {
  const Napi::Object object = Environment::of(env).offer_class.New({});
  OfferWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return {};  // the worker is being terminated
  wrap->id_ = id;
  wrap->request_ = request;
  wrap->status_ = std::move(status);
  return wrap->Value();
}

Napi::Value OfferWrap::id(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(id_));
}

Napi::Value OfferWrap::dest_pid(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), request_.destination_pid);
}

Napi::Value OfferWrap::address(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), request_.address);
}

Napi::Value OfferWrap::byte_length(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(request_.byte_length));
}

Napi::Value OfferWrap::flags(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), request_.flags); }

Napi::Value OfferWrap::state(const Napi::CallbackInfo& info) {
  // In this order: by the time an offer leaves the book, its status knows how it ended.
  const OfferState standing = Environment::of(info.Env()).runtime().state_of(id_);
  const OfferState state = status_->ending().value_or(standing);
  return Napi::String::New(info.Env(), name_of(state));
}

Napi::Value OfferWrap::cancel(const Napi::CallbackInfo& info) {
  CancelOutcome outcome = Environment::of(info.Env()).runtime().cancel(id_);
  if (outcome == CancelOutcome::kNotThere && status_->ending() == OfferState::kClaimed) {
    outcome = CancelOutcome::kTooLate;
  }
  if (outcome == CancelOutcome::kTooLate) {
    throw_status(info.Env(), too_late(), {request_.destination_pid, request_.address});
    return {};
  }
  return Napi::Boolean::New(info.Env(), outcome == CancelOutcome::kCancelled);
}

void OfferWrap::withdraw(const Napi::CallbackInfo& info) { Environment::of(info.Env()).runtime().withdraw(id_); }

Napi::Value OfferWrap::take_bell(const Napi::CallbackInfo& info) {
  Bell bell = status_->take_bell();
  return bell.is_open() ? BellWrap::of_bell(info.Env(), std::move(bell)) : info.Env().Undefined();
}

void OfferWrap::on_ended(const Napi::CallbackInfo& info) {
  status_->when_ended(Environment::of(info.Env()).keep_callback(function_argument(info, 0)));
}

void OfferWrap::on_released(const Napi::CallbackInfo& info) {
  status_->when_released(Environment::of(info.Env()).keep_callback(function_argument(info, 0)));
}

}  // namespace vmoffer
