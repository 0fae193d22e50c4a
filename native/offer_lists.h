// offer_lists: vmListOffer, vmListOfferSync and incomingOffers.
#pragma once

#include <napi.h>

namespace vmoffer {

Napi::Value list_sync(const Napi::CallbackInfo& info);
Napi::Value list_async(const Napi::CallbackInfo& info);
// Returns the function that ends the watch.
Napi::Value watch_incoming(const Napi::CallbackInfo& info);

}  // namespace vmoffer
