#include "native/names.h"

namespace vmoffer {

const char* name_of(Paging paging) {
  switch (paging) {
    case Paging::kUserFault:
      return "userfault";
    case Paging::kKernel:
      return "kernel";
    case Paging::kEager:
      return "eager";
  }
  return "kernel";
}

const char* name_of(OfferKind kind) {
  switch (kind) {
    case OfferKind::kMemory:
      break;
    case OfferKind::kChannel:
      return "channel";
    case OfferKind::kMessage:
      return "message";
  }
  return "memory";
}

const char* name_of(wire::Transfer transfer) { return transfer == wire::Transfer::kPull ? "pull" : "map"; }

}  // namespace vmoffer
