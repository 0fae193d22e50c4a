#include "native/addon.h"

#include "engine/sys/address_space.h"
#include "engine/sys/kernel_support.h"
#include "engine/sys/page_table.h"
#include "engine/sys/thread_cpu.h"
#include "native/arguments.h"
#include "native/bell_wrap.h"
#include "native/claims.h"
#include "native/environment.h"
#include "native/errors.h"
#include "native/inspection.h"
#include "native/node_functions.h"
#include "native/offer_lists.h"
#include "native/offer_wrap.h"
#include "native/region_wrap.h"
#include "native/supplier_wrap.h"
#include "native/supply.h"
#include "native/supply_wrap.h"

namespace vmoffer {
namespace {

Napi::Value initialize(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).initialize(info[0].As<Napi::Object>());
  return info.Env().Undefined();
}

Napi::Value sweep(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Environment::of(info.Env()).limbo()->sweep());
}

// More than any heap may have. When V8 is told of so much external memory it collects everything before it returns.
constexpr int64_t kBeyondEveryHeap = int64_t{1} << 40;

void collect_garbage(Napi::Env env) {
  Napi::MemoryManagement::AdjustExternalMemory(env, kBeyondEveryHeap);
  Napi::MemoryManagement::AdjustExternalMemory(env, -kBeyondEveryHeap);
}

// How many mappings a collection may make before it gives any back.
constexpr size_t kMappingsOfCollection = 256;

// If the collector cannot map what it needs, V8 ends the process. So this checks the room first.
Napi::Value collect(const Napi::CallbackInfo& info) {
  if (!has_address_space(size_argument(info, 0), kMappingsOfCollection)) return Napi::Boolean::New(info.Env(), false);
  Environment& environment = Environment::of(info.Env());
  Limbo& limbo = *environment.limbo();
  collect_garbage(info.Env());
  size_t given_back = environment.collectables()->give_back_collected();
  limbo.take_collected();
  // V8 frees the backing stores of one collection in the background, and at the next collection at the latest.
  const size_t waiting = limbo.size();
  if (waiting > 0) collect_garbage(info.Env());
  limbo.sweep();
  given_back += waiting - limbo.size();
  return Napi::Boolean::New(info.Env(), given_back > 0);
}

Napi::Value keep_alive(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).notifier()->keep_alive(boolean_argument(info, 0));
  return info.Env().Undefined();
}

Napi::Value core_of_thread(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), current_core()); }

Napi::Value allocate(const Napi::CallbackInfo& info) {
  Result<std::shared_ptr<Region>> region =
      Environment::of(info.Env())
          .runtime()
          .allocate(size_argument(info, 0), boolean_argument(info, 1), boolean_argument(info, 2));
  if (!region.is_ok()) return throw_status(info.Env(), region.status()), Napi::Value();
  return RegionWrap::of_region(info.Env(), region.take());
}

void* data_of(const Napi::Value& view) {
  if (view.IsDataView()) return view.As<Napi::DataView>().Data();
  NAPI_CHECK(view.IsTypedArray(), "vmoffer", "memory must be an ArrayBufferView");
  void* data = nullptr;
  napi_get_typedarray_info(view.Env(), view, nullptr, nullptr, &data, nullptr, nullptr);
  return data;
}

Napi::Value address_of(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(data_of(info[0]))));
}

Napi::Value offer(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Runtime::OfferRequest request{pid_argument(info, 0), address_argument(info, 1), size_argument(info, 2),
                                      flags_argument(info, 3), kind_argument(info, 4)};
  auto status = std::make_shared<OfferStatus>(environment.notifier());
  Result<OfferId> id = environment.runtime().offer(request, status);
  if (!id.is_ok()) {
    return throw_status(info.Env(), id.status(), {request.destination_pid, request.address}), Napi::Value();
  }
  return OfferWrap::of_offer(info.Env(), id.value(), request, std::move(status));
}

Napi::Value cancel_at(const Napi::CallbackInfo& info) {
  const int pid = pid_argument(info, 0);
  const uint64_t address = address_argument(info, 1);
  const CancelOutcome outcome = Environment::of(info.Env()).runtime().cancel(pid, address);
  if (outcome == CancelOutcome::kTooLate) return throw_status(info.Env(), too_late(), {pid, address}), Napi::Value();
  return Napi::Boolean::New(info.Env(), outcome == CancelOutcome::kCancelled);
}

Napi::Value capabilities(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array list = Napi::Array::New(env);
  uint32_t count = 0;
  for (const Capability& capability : probe_capabilities()) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", Napi::String::New(env, capability.name));
    object.Set("available", Napi::Boolean::New(env, capability.is_available));
    object.Set("detail", Napi::String::New(env, capability.detail));
    object.Set("cause", Napi::String::New(env, capability.cause));
    object.Set("remedy", Napi::String::New(env, capability.remedy));
    list.Set(count++, object);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("kernelRelease", Napi::String::New(env, kernel_release()));
  result.Set("pageSize", Napi::Number::New(env, static_cast<double>(page_bytes())));
  result.Set("list", list);
  return result;
}

}  // namespace

Napi::Object define_addon(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment(env));
  RegionWrap::define(env);
  OfferWrap::define(env);
  BellWrap::define(env);
  SupplyWrap::define(env);
  SupplierWrap::define(env);
  exports.Set("hasNodeFunctions", Napi::Boolean::New(env, NodeFunctions::get() != nullptr));
  exports.Set("pageSize", Napi::Number::New(env, static_cast<double>(page_bytes())));
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("initialize", initialize);
  add("sweep", sweep);
  add("collect", collect);
  add("keepAlive", keep_alive);
  add("currentCore", core_of_thread);
  add("allocate", allocate);
  add("supply", supply);
  add("serveSupply", serve_supply);
  add("refuseSupply", refuse_supply);
  add("addressOf", address_of);
  add("offer", offer);
  add("cancelAt", cancel_at);
  add("claimSync", claim_sync);
  add("claim", claim_async);
  add("abandonClaim", abandon_claim);
  add("lookForClaims", look_for_claims);
  add("listSync", list_sync);
  add("list", list_async);
  add("watchIncoming", watch_incoming);
  add("askWhatIsHeld", ask_what_is_held);
  add("capabilities", capabilities);
  return exports;
}

}  // namespace vmoffer
