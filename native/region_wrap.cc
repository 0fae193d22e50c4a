#include "native/region_wrap.h"

#include <algorithm>

#include "engine/base/units.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "native/arguments.h"
#include "native/errors.h"
#include "native/js_notifier.h"
#include "native/names.h"
#include "native/paging_counters.h"
#include "native/populate_work.h"

namespace vmoffer {
namespace {

const char* name_of(PageKind kind) {
  switch (kind) {
    case PageKind::kOrdinary:
      return "ordinary";
    case PageKind::kTransparentHuge:
      return "transparent-huge";
    case PageKind::kHugeTlb:
      return "hugetlb";
  }
  return "ordinary";
}

// In bytes of external memory. V8 collects after 64 MiB, which half of all descriptors weigh together.
int64_t weight_of_descriptors(int64_t count) {
  static const auto weight = static_cast<int64_t>(std::max<uint64_t>(4096, 128 * kMiB / max_descriptors()));
  return count * weight;
}

}  // namespace

void RegionWrap::define(Napi::Env env) {
  Environment::of(env).region_class =
      Napi::Persistent(DefineClass(env, "NativeRegion",
                                   {
                                       InstanceAccessor<&RegionWrap::address>("address"),
                                       InstanceAccessor<&RegionWrap::byte_length>("byteLength"),
                                       InstanceAccessor<&RegionWrap::pages>("pages"),
                                       InstanceAccessor<&RegionWrap::released>("released"),
                                       InstanceAccessor<&RegionWrap::disowned>("disowned"),
                                       InstanceMethod<&RegionWrap::array_buffer>("arrayBuffer"),
                                       InstanceMethod<&RegionWrap::release>("release"),
                                       InstanceAccessor<&RegionWrap::src_pid>("srcPid"),
                                       InstanceAccessor<&RegionWrap::flags>("flags"),
                                       InstanceAccessor<&RegionWrap::immutable>("immutable"),
                                       InstanceAccessor<&RegionWrap::transfer>("transfer"),
                                       InstanceAccessor<&RegionWrap::paging>("paging"),
                                       InstanceMethod<&RegionWrap::residency>("residency"),
                                       InstanceMethod<&RegionWrap::stats>("stats"),
                                       InstanceMethod<&RegionWrap::prefetch>("prefetch"),
                                       InstanceMethod<&RegionWrap::order>("order"),
                                       InstanceMethod<&RegionWrap::cancel_order>("cancelOrder"),
                                       InstanceAccessor<&RegionWrap::is_supplied>("supplied"),
                                       InstanceAccessor<&RegionWrap::failed>("failed"),
                                       InstanceMethod<&RegionWrap::pin>("pin"),
                                       InstanceMethod<&RegionWrap::unpin>("unpin"),
                                       InstanceMethod<&RegionWrap::observe_failures>("observeFailures"),
                                       InstanceMethod<&RegionWrap::take_failures>("takeFailures"),
                                   }));
}

RegionWrap::RegionWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RegionWrap>(info),
      environment_(&Environment::of(info.Env())),
      collectables_(environment_->collectables()) {
  environment_->add(*this);
  collectables_->add(*this);
}

RegionWrap* RegionWrap::make(Napi::Env env, std::shared_ptr<Region> region) {
  Environment& environment = Environment::of(env);
  const Napi::Object object = environment.region_class.New({});
  RegionWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return nullptr;  // the worker is being terminated
  wrap->buffers_ = std::make_unique<RegionBuffers>(region, environment.limbo());
  wrap->buffers_->detach_when_disowned(environment.notifier());
  wrap->region_ = std::move(region);
  return wrap;
}

Napi::Object RegionWrap::of_region(Napi::Env env, std::shared_ptr<Region> region) {
  RegionWrap* wrap = make(env, std::move(region));
  if (wrap == nullptr) return {};
  // This process pays for the memory, so the collector must know that it could free it.
  wrap->account(static_cast<int64_t>(wrap->region_->byte_length()) + weight_of_descriptors(1));
  return wrap->Value();
}

Napi::Object RegionWrap::of_claim(Napi::Env env, const ReceivedClaim& claim) {
  Environment::of(env).runtime().enlist(claim);
  RegionWrap* wrap = make(env, claim.region);
  if (wrap == nullptr) return {};
  wrap->claim_ =
      ClaimFacts{claim.source_pid, claim.flags & ~kEnginesBits, claim.is_immutable, claim.paging, claim.transfer};
  // The bytes do not count, because a claim shows another process's memory.
  wrap->account(weight_of_descriptors(2));
  return wrap->Value();
}

RegionWrap::~RegionWrap() {
  account(-accounted_bytes_);
  collectables_->remove(*this);
  if (environment_ != nullptr) environment_->remove(*this);
}

void RegionWrap::account(int64_t byte_length) {
  if (byte_length == 0) return;
  accounted_bytes_ += byte_length;
  Napi::MemoryManagement::AdjustExternalMemory(Env(), byte_length);
}

void RegionWrap::close() {
  environment_ = nullptr;
  release_memory();
}

// ArrayBuffers that still exist keep the memory.
bool RegionWrap::give_back_if_collected() {
  if (region_ == nullptr || !Value().IsEmpty()) return false;
  account(-accounted_bytes_);
  buffers_.reset();
  region_.reset();
  return true;
}

void RegionWrap::release_memory() {
  if (region_ != nullptr) region_->release(/*keep_addresses=*/buffers_->any());
}

Napi::Value RegionWrap::address(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), region_->address());
}

Napi::Value RegionWrap::byte_length(const Napi::CallbackInfo& info) {
  return count(info.Env(), region_->byte_length());
}

Napi::Value RegionWrap::pages(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), name_of(region_->page_kind()));
}

Napi::Value RegionWrap::released(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), region_->state() == RegionState::kReleased);
}

Napi::Value RegionWrap::disowned(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), region_->state() == RegionState::kDisowned);
}

Napi::Value RegionWrap::array_buffer(const Napi::CallbackInfo& info) {
  const uint64_t byte_offset = size_argument(info, 0);
  const uint64_t byte_length = size_argument(info, 1);
  NAPI_CHECK(region_->state() == RegionState::kLive && byte_length <= region_->byte_length() &&
                 byte_offset <= region_->byte_length() - byte_length,
             "vmoffer", "a buffer must lie in a live region");
  region_->expect_touches_from_here();
  return buffers_->open(info.Env(), byte_offset, byte_length, boolean_argument(info, 2));
}

void RegionWrap::release(const Napi::CallbackInfo& info) {
  buffers_->detach_all(info.Env());
  release_memory();
  account(-accounted_bytes_);
}

Napi::Value RegionWrap::src_pid(const Napi::CallbackInfo& info) {
  return claim_ ? Napi::Number::New(info.Env(), claim_->source_pid) : info.Env().Undefined();
}

Napi::Value RegionWrap::flags(const Napi::CallbackInfo& info) {
  return claim_ ? Napi::Number::New(info.Env(), claim_->flags) : info.Env().Undefined();
}

Napi::Value RegionWrap::immutable(const Napi::CallbackInfo& info) {
  if (!claim_) return info.Env().Undefined();
  claim_->is_immutable = claim_->is_immutable || region_->is_sealed();
  return Napi::Boolean::New(info.Env(), claim_->is_immutable);
}

Napi::Value RegionWrap::transfer(const Napi::CallbackInfo& info) {
  return claim_ ? Napi::String::New(info.Env(), name_of(claim_->transfer)) : info.Env().Undefined();
}

Napi::Value RegionWrap::paging(const Napi::CallbackInfo& info) {
  if (!claim_) return info.Env().Undefined();
  const bool is_left = region_ != nullptr && region_->is_left_to_kernel();
  return Napi::String::New(info.Env(), name_of(is_left ? Paging::kKernel : claim_->paging));
}

Napi::Value RegionWrap::residency(const Napi::CallbackInfo& info) {
  Result<std::vector<uint8_t>> bits = present_pages(region_->address(), region_->byte_length());
  if (!bits.is_ok()) {
    throw_status(info.Env(), bits.status());
    return {};
  }
  Napi::Uint8Array array = Napi::Uint8Array::New(info.Env(), bits.value().size());
  if (array.IsEmpty()) return {};  // the worker is being terminated
  std::copy(bits.value().begin(), bits.value().end(), array.Data());
  return array;
}

Napi::Value RegionWrap::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const PagingStats stats = region_->stats();
  Napi::Object object = Napi::Object::New(env);
  set_counters(object, stats);
  object.Set("faultLatency", latency(env, stats.fault_latency));
  const std::shared_ptr<SuppliedClaim>& supplied = region_->supplied();
  const ClaimSupplyStats supply = supplied == nullptr ? ClaimSupplyStats() : supplied->stats();
  Napi::Object units = Napi::Object::New(env);
  units.Set("asked", count(env, supply.units_asked));
  units.Set("supplied", count(env, supply.units_supplied));
  units.Set("failed", count(env, supply.units_failed));
  object.Set("supply", units);
  return object;
}

Napi::Value RegionWrap::is_supplied(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), region_->supplied() != nullptr);
}

Napi::Value RegionWrap::failed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), region_->supplied() != nullptr && region_->supplied()->has_failed());
}

Napi::Value RegionWrap::pin(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 2));
  const SuppliedClaim::PinId id = region_->supplied()->pin(
      size_argument(info, 0), size_argument(info, 1),
      [notifier = environment.notifier(), callback, pid = claim_->source_pid](const Status& status) {
        notifier->post([callback, status, pid](Napi::Env env) {
          const Napi::Function done = Environment::of(env).take_callback(callback);
          if (done.IsEmpty()) return;
          call_back(env, done, {status.is_ok() ? env.Null() : to_error(env, status, {pid, std::nullopt})});
        });
      });
  return count(info.Env(), id);
}

void RegionWrap::unpin(const Napi::CallbackInfo& info) { region_->supplied()->unpin(size_argument(info, 0)); }

void RegionWrap::observe_failures(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Environment::CallbackId callback = environment.keep_callback(function_argument(info, 0));
  region_->supplied()->observe_failures([notifier = environment.notifier(), callback] {
    notifier->post([callback](Napi::Env env) {
      const Napi::Function on_failure = Environment::of(env).callback(callback);
      if (!on_failure.IsEmpty()) call_back(env, on_failure, {});
    });
  });
}

Napi::Value RegionWrap::take_failures(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<SuppliedClaim::Failure> failures = region_->supplied()->take_failures();
  Napi::Array array = Napi::Array::New(env, failures.size());
  for (uint32_t i = 0; i < failures.size(); ++i) {
    Napi::Object failure = Napi::Object::New(env);
    failure.Set("offset", count(env, failures[i].units.byte_offset));
    failure.Set("byteLength", count(env, failures[i].units.byte_length));
    failure.Set("error", to_error(env, failures[i].why, {claim_->source_pid, std::nullopt}));
    array.Set(i, failure);
  }
  return array;
}

void RegionWrap::order(const Napi::CallbackInfo& info) {
  if (region_->supplied() != nullptr) region_->supplied()->order(size_argument(info, 0), size_argument(info, 1));
}

void RegionWrap::cancel_order(const Napi::CallbackInfo& info) {
  if (region_->supplied() != nullptr) region_->supplied()->cancel_order(size_argument(info, 0), size_argument(info, 1));
}

void RegionWrap::prefetch(const Napi::CallbackInfo& info) {
  PopulateWork::queue(function_argument(info, 2), region_, {size_argument(info, 0), size_argument(info, 1)});
}

}  // namespace vmoffer
