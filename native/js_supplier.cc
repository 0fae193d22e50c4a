#include "native/js_supplier.h"

namespace vmoffer {
namespace {

Napi::Number number(Napi::Env env, uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

}  // namespace

void JsSupplier::begin(const FillOrder& order, uint64_t byte_offset, uint64_t byte_length) {
  notifier_->post([order, byte_offset, byte_length, callback = callbacks_.begin](Napi::Env env) {
    const Napi::Function function = Environment::of(env).callback(callback);
    if (function.IsEmpty()) return;  // it has been closed meanwhile
    call_back(env, function,
              {number(env, order.id), number(env, byte_offset), number(env, byte_length),
               Napi::Boolean::New(env, order.is_waited_for)});
  });
}

void JsSupplier::stop(FillId id) {
  notifier_->post([id, callback = callbacks_.stop](Napi::Env env) {
    const Napi::Function function = Environment::of(env).callback(callback);
    if (!function.IsEmpty()) call_back(env, function, {number(env, id)});
  });
}

}  // namespace vmoffer
