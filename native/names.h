// names: the JavaScript names of the engine's enumerations.
#pragma once

#include "engine/base/paging.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/messages.h"

namespace vmoffer {

const char* name_of(Paging paging);
const char* name_of(OfferKind kind);
const char* name_of(wire::Transfer transfer);

}  // namespace vmoffer
