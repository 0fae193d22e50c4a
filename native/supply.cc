#include "native/supply.h"

#include "native/arguments.h"
#include "native/environment.h"
#include "native/errors.h"
#include "native/supplier_wrap.h"
#include "native/supply_wrap.h"

namespace vmoffer {

Napi::Value supply(const Napi::CallbackInfo& info) {
  const SuppliedMemory::Options options{size_argument(info, 0), size_argument(info, 1),
                                        static_cast<size_t>(size_argument(info, 2)),
                                        std::chrono::milliseconds(size_argument(info, 3)), size_argument(info, 4)};
  Result<Runtime::Supplied> supplied = Environment::of(info.Env()).runtime().supply(options);
  if (!supplied.is_ok()) return throw_status(info.Env(), supplied.status()), Napi::Value();
  return SupplyWrap::of_supplied(info.Env(), supplied.take());
}

Napi::Value serve_supply(const Napi::CallbackInfo& info) {
  Runtime& runtime = Environment::of(info.Env()).runtime();
  std::shared_ptr<SuppliedMemory> memory = runtime.supplied_at(address_argument(info, 0), size_argument(info, 1));
  if (memory == nullptr) return info.Env().Undefined();
  return SupplierWrap::serve(info.Env(), std::move(memory), function_argument(info, 2), function_argument(info, 3));
}

Napi::Value refuse_supply(const Napi::CallbackInfo& info) {
  Runtime& runtime = Environment::of(info.Env()).runtime();
  const std::shared_ptr<SuppliedMemory> memory = runtime.supplied_at(address_argument(info, 0), size_argument(info, 1));
  if (memory != nullptr) memory->refuse(Status(Code::kSupply, text_argument(info, 2)));
  return info.Env().Undefined();
}

}  // namespace vmoffer
