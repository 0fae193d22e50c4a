// object_check: is what a source has sent what it promised? The claimer trusts nothing that the source says. Pure.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/memory_object.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// kProtocol when the terms contradict the request or themselves, kNotOffered when the offer is of another kind.
Status check_terms(const wire::Terms& terms, uint64_t requested_address, OfferKind kind, uint64_t page_bytes);
// The same for terms of supplied memory, before which the source has sent SUPPLY.
Status check_supply(const wire::Supply& supply, const wire::Terms& terms);
// kProtocol when the descriptor is not a memory object that can be mapped safely for exactly these terms.
// `takes_pool_pages`: the claimer trusts the source with its life, see docs/security.md. Else kNotPermitted for such
// memory, of which everything else is right.
Status check_object(const ObjectFacts& facts, const wire::Terms& terms, wire::Transfer transfer,
                    bool takes_pool_pages = false);

}  // namespace vmoffer
