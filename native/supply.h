// supply: the functions of the addon that make supplied memory, and take part in supplying it. JavaScript thread only.
#pragma once

#include <napi.h>

namespace vmoffer {

// (byteLength, unit, concurrency, timeoutMs, budget or 0) → NativeSupply
Napi::Value supply(const Napi::CallbackInfo& info);
// (address, number, begin, stop) → NativeSupplier, or undefined if that memory has been released
Napi::Value serve_supply(const Napi::CallbackInfo& info);
// (address, number, why)
Napi::Value refuse_supply(const Napi::CallbackInfo& info);

}  // namespace vmoffer
