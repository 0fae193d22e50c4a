// claims: vmClaim and vmClaimSync.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Value claim_sync(const Napi::CallbackInfo& info);
// Returns the number by which abandon_claim() knows the claim. A function for each would cost more than a message.
Napi::Value claim_async(const Napi::CallbackInfo& info);
Napi::Value abandon_claim(const Napi::CallbackInfo& info);
// Calls back the claims of this thread that are made soon.
Napi::Value look_for_claims(const Napi::CallbackInfo& info);

}  // namespace vmoffer
