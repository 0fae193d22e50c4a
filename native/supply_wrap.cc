#include "native/supply_wrap.h"

#include <algorithm>
#include <utility>

#include "native/arguments.h"
#include "native/errors.h"
#include "native/paging_counters.h"

namespace vmoffer {
namespace {

PageRange units_argument(const Napi::CallbackInfo& info, const SuppliedMemory& memory, uint64_t byte_length) {
  const PageRange units = memory.grid().units_of({size_argument(info, 0), byte_length});
  NAPI_CHECK(!units.is_empty(), "vmoffer", "the range must be whole units of the region");
  return units;
}

}  // namespace

void SupplyWrap::define(Napi::Env env) {
  Environment::of(env).supply_class =
      Napi::Persistent(DefineClass(env, "NativeSupply",
                                   {
                                       InstanceAccessor<&SupplyWrap::address>("address"),
                                       InstanceAccessor<&SupplyWrap::byte_length>("byteLength"),
                                       InstanceAccessor<&SupplyWrap::number>("number"),
                                       InstanceAccessor<&SupplyWrap::released>("released"),
                                       InstanceMethod<&SupplyWrap::stats>("stats"),
                                       InstanceMethod<&SupplyWrap::fill>("fill"),
                                       InstanceMethod<&SupplyWrap::evict>("evict"),
                                       InstanceMethod<&SupplyWrap::retry>("retry"),
                                       InstanceMethod<&SupplyWrap::release>("release"),
                                   }));
}

SupplyWrap::SupplyWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SupplyWrap>(info), environment_(&Environment::of(info.Env())) {
  environment_->add(*this);
}

SupplyWrap::~SupplyWrap() {
  if (environment_ != nullptr) environment_->remove(*this);
  release_memory();
}

Napi::Object SupplyWrap::of_supplied(Napi::Env env, Runtime::Supplied supplied) {
  const Napi::Object object = Environment::of(env).supply_class.New({});
  SupplyWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return {};  // the worker is being terminated
  wrap->supplied_ = std::move(supplied);
  return object;
}

void SupplyWrap::close() {
  environment_ = nullptr;
  release_memory();
}

void SupplyWrap::release_memory() {
  if (supplied_) Runtime::instance().release(*supplied_);
}

Napi::Value SupplyWrap::address(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), supplied_->region->address());
}

Napi::Value SupplyWrap::byte_length(const Napi::CallbackInfo& info) {
  return count(info.Env(), supplied_->region->byte_length());
}

Napi::Value SupplyWrap::number(const Napi::CallbackInfo& info) {
  return count(info.Env(), supplied_->memory->number());
}

Napi::Value SupplyWrap::released(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), supplied_->memory->is_closed());
}

Napi::Value SupplyWrap::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const SupplyStats stats = supplied_->memory->stats();
  const uint64_t unit_bytes = supplied_->memory->grid().unit_bytes;
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) { object.Set(name, count(env, value)); };
  set("claims", stats.claims);
  set("unitsAsked", stats.units_asked);
  set("unitsOrdered", stats.units_ordered);
  set("unitsAwaited", stats.units_awaited);
  set("unitsSupplied", stats.units_supplied);
  set("unitsPushed", stats.units_put);
  set("unitsFailed", stats.units_failed);
  set("unitsUnwanted", stats.units_unwanted);
  set("unitsEvicted", stats.units_evicted);
  set("recallsRefused", stats.recalls_refused);
  const auto bytes_of = [&](uint64_t units) {
    return std::min(units * unit_bytes, supplied_->region->byte_length());  // the last unit may be shorter
  };
  set("residentBytes", bytes_of(stats.resident_units));
  set("mostResidentBytes", bytes_of(stats.most_resident_units));
  object.Set("fillLatency", latency(env, stats.latency));
  return object;
}

void SupplyWrap::fill(const Napi::CallbackInfo& info) {
  const BytesArgument bytes = bytes_argument(info, 1);
  const PageRange units = units_argument(info, *supplied_->memory, bytes.length);
  const Status status = supplied_->memory->put(units, bytes.data);
  if (!status.is_ok()) throw_status(info.Env(), status);
}

void SupplyWrap::evict(const Napi::CallbackInfo& info) {
  supplied_->memory->evict(units_argument(info, *supplied_->memory, size_argument(info, 1)));
}

void SupplyWrap::retry(const Napi::CallbackInfo& info) {
  supplied_->memory->retry(units_argument(info, *supplied_->memory, size_argument(info, 1)));
}

void SupplyWrap::release(const Napi::CallbackInfo&) { release_memory(); }

}  // namespace vmoffer
