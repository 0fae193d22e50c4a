// arguments: reads arguments that TypeScript has checked. A wrong type here is a bug in ts/, not a user's mistake, and
// ends the process.
//
// While a worker is being terminated it can no longer read a property, and gets an empty value. An empty value has no
// environment, and Node-API ends the process if it is used: so what reads properties here gives a default instead.
// Nobody sees the default, because no JavaScript runs in that worker any more.
#pragma once

#include <napi.h>

#include <cstdint>
#include <set>
#include <string>

#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {

uint64_t address_argument(const Napi::CallbackInfo& info, size_t index);
uint64_t size_argument(const Napi::CallbackInfo& info, size_t index);
int pid_argument(const Napi::CallbackInfo& info, size_t index);
std::set<int> pids_argument(const Napi::CallbackInfo& info, size_t index);
uint32_t flags_argument(const Napi::CallbackInfo& info, size_t index);
bool boolean_argument(const Napi::CallbackInfo& info, size_t index);
Napi::Function function_argument(const Napi::CallbackInfo& info, size_t index);
OfferKind kind_argument(const Napi::CallbackInfo& info, size_t index);
OfferKind kind_named(const std::string& name);
std::string text_argument(const Napi::CallbackInfo& info, size_t index);
// Borrows the bytes of a Uint8Array, until JavaScript runs again.
struct BytesArgument {
  const void* data = nullptr;
  uint64_t length = 0;
};
BytesArgument bytes_argument(const Napi::CallbackInfo& info, size_t index);
std::string text_property(const Napi::Object& object, const char* name);
bool boolean_property(const Napi::Object& object, const char* name);  // undefined: false
double number_property(const Napi::Object& object, const char* name);
Napi::Function function_property(const Napi::Object& object, const char* name);

}  // namespace vmoffer
