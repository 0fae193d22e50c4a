// object_check: checks that a source has sent what it promised. The claimer trusts nothing that the source says. Pure.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/memory_object.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// kProtocol if the terms contradict the request or themselves, kNotOffered if the offer is of another kind.
Status check_terms(const wire::Terms& terms, uint64_t requested_address, OfferKind kind, uint64_t page_bytes);
// The same for terms of supplied memory, before which the source has sent SUPPLY.
Status check_supply(const wire::Supply& supply, const wire::Terms& terms);
// kProtocol if the descriptor is not a memory object that can be mapped safely for exactly these terms. Memory of the
// huge page pool that is correct otherwise is kNotPermitted, unless `takes_pool_pages`: then the claimer trusts the
// source with its life, see docs/security.md.
Status check_object(const ObjectFacts& facts, const wire::Terms& terms, wire::Transfer transfer,
                    bool takes_pool_pages = false);

}  // namespace vmoffer
