// errors: turns the engine's Status into a JavaScript error of Node's shape: code, errno, syscall.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>

#include "engine/base/status.h"

namespace vmoffer {

// The process and the address that the call was about: properties of the error.
struct ErrorContext {
  std::optional<int> pid;
  std::optional<uint64_t> address;
};

// REQUIRES: !status.is_ok()
Napi::Value to_error(Napi::Env env, const Status& status, const ErrorContext& context = {});
// Leaves the exception pending; the caller returns at once.
void throw_status(Napi::Env env, const Status& status, const ErrorContext& context = {});

}  // namespace vmoffer
