// claims: vmClaim and vmClaimSync.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Value claim_sync(const Napi::CallbackInfo& info);
// Returns the function that abandons the claim.
Napi::Value claim_async(const Napi::CallbackInfo& info);
// Calls back the claims of this thread that are made soon.
Napi::Value look_for_claims(const Napi::CallbackInfo& info);

}  // namespace vmoffer
