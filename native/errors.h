// errors: the engine's Status as a JavaScript error with Node's shape: code, errno, syscall.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>

#include "engine/base/status.h"

namespace vmoffer {

// What the call was about, for whoever catches the error.
struct ErrorContext {
  std::optional<int> pid;
  std::optional<uint64_t> address;
};

// REQUIRES: !status.is_ok()
Napi::Value to_error(Napi::Env env, const Status& status, const ErrorContext& context = {});
// Leaves the exception pending; the caller returns at once.
void throw_status(Napi::Env env, const Status& status, const ErrorContext& context = {});

}  // namespace vmoffer
