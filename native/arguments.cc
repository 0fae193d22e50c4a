#include "native/arguments.h"

namespace vmoffer {
namespace {

void require(bool is_right, const char* what) { NAPI_CHECK(is_right, "vmoffer", what); }

}  // namespace

uint64_t address_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsBigInt(), "an address must be a bigint");
  bool is_lossless = false;
  const uint64_t address = info[index].As<Napi::BigInt>().Uint64Value(&is_lossless);
  require(is_lossless, "an address must fit 64 bits");
  return address;
}

uint64_t size_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsNumber(), "a size must be a number");
  const int64_t size = info[index].As<Napi::Number>().Int64Value();
  require(size >= 0, "a size must not be negative");
  return static_cast<uint64_t>(size);
}

int pid_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsNumber(), "a pid must be a number");
  return info[index].As<Napi::Number>().Int32Value();
}

std::set<int> pids_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsArray(), "pids must be an array");
  const Napi::Array array = info[index].As<Napi::Array>();
  std::set<int> pids;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value pid = array.Get(i);
    if (pid.IsEmpty()) break;
    pids.insert(pid.As<Napi::Number>().Int32Value());
  }
  return pids;
}

uint32_t flags_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsNumber(), "flags must be a number");
  return info[index].As<Napi::Number>().Uint32Value();
}

bool boolean_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsBoolean(), "a switch must be a boolean");
  return info[index].As<Napi::Boolean>().Value();
}

Napi::Function function_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsFunction(), "a callback must be a function");
  return info[index].As<Napi::Function>();
}

OfferKind kind_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsString(), "a kind must be a string");
  return kind_named(info[index].As<Napi::String>().Utf8Value());
}

std::string text_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsString(), "a text must be a string");
  return info[index].As<Napi::String>().Utf8Value();
}

BytesArgument bytes_argument(const Napi::CallbackInfo& info, size_t index) {
  require(info[index].IsTypedArray(), "bytes must be a Uint8Array");
  const auto array = info[index].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

OfferKind kind_named(const std::string& name) {
  if (name == "channel") return OfferKind::kChannel;
  return name == "message" ? OfferKind::kMessage : OfferKind::kMemory;
}

std::string text_property(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsEmpty()) return "";
  require(value.IsString(), "a choice must be a string");
  return value.As<Napi::String>().Utf8Value();
}

bool boolean_property(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsEmpty() || value.IsUndefined()) return false;
  require(value.IsBoolean(), "a switch must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

double number_property(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsEmpty()) return 0;
  require(value.IsNumber(), "an amount must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

Napi::Function function_property(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (value.IsEmpty()) return {};
  require(value.IsFunction(), "a callback must be a function");
  return value.As<Napi::Function>();
}

}  // namespace vmoffer
