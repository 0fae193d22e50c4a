#include "native/errors.h"

#include "native/environment.h"

namespace vmoffer {
namespace {

const char* name_of(Code code) {
  switch (code) {
    case Code::kOk:
      break;
    case Code::kInvalidArgument:
      return "ERR_VMO_INVALID_ARGUMENT";
    case Code::kNoProcess:
      return "ERR_VMO_NO_PROCESS";
    case Code::kNotOffered:
      return "ERR_VMO_NOT_OFFERED";
    case Code::kTooLate:
      return "ERR_VMO_TOO_LATE";
    case Code::kNotPermitted:
      return "ERR_VMO_NOT_PERMITTED";
    case Code::kBusy:
      return "ERR_VMO_BUSY";
    case Code::kNotOwned:
      return "ERR_VMO_NOT_OWNED";
    case Code::kTimeout:
      return "ERR_VMO_TIMEOUT";
    case Code::kPeerGone:
      return "ERR_VMO_PEER_GONE";
    case Code::kProtocol:
      return "ERR_VMO_PROTOCOL";
    case Code::kUnsupported:
      return "ERR_VMO_UNSUPPORTED";
    case Code::kNoMemory:
      return "ERR_VMO_NO_MEMORY";
    case Code::kTooMany:
      return "ERR_VMO_TOO_MANY";
    case Code::kSupply:
      return "ERR_VMO_SUPPLY";
  }
  return "ERR_VMO_PROTOCOL";
}

void add_system_call(Napi::Env env, Napi::Object details, const Status& status) {
  if (status.error_number() != 0) details.Set("errorNumber", Napi::Number::New(env, status.error_number()));
  if (status.syscall()[0] != '\0') details.Set("syscall", Napi::String::New(env, status.syscall()));
}

}  // namespace

Napi::Value to_error(Napi::Env env, const Status& status, const ErrorContext& context) {
  Napi::Object details = Napi::Object::New(env);
  add_system_call(env, details, status);
  if (context.pid) details.Set("pid", Napi::Number::New(env, *context.pid));
  if (context.address) details.Set("address", Napi::BigInt::New(env, *context.address));
  return Environment::of(env).create_error().Call(
      {Napi::String::New(env, name_of(status.code())), Napi::String::New(env, status.message()), details});
}

void throw_status(Napi::Env env, const Status& status, const ErrorContext& context) {
  napi_throw(env, to_error(env, status, context));
}

}  // namespace vmoffer
