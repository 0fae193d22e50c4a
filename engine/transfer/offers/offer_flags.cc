#include "engine/transfer/offers/offer_flags.h"

#include <string>

namespace vmoffer {
namespace {

std::string letters(Rights rights) {
  std::string text;
  if (rights & kRead) text += 'R';
  if (rights & kWrite) text += 'W';
  if (rights & kExecute) text += 'X';
  return text.empty() ? "nothing" : text;
}

}  // namespace

Status check_flags(uint32_t flags, Rights granted_here) {
  // The right to write includes reading: no machine has write-only memory.
  const Rights held = granted_here & kWrite ? granted_here | kRead : granted_here;
  if ((flags & ~(kGrantMask | kDropMask)) != 0) {
    return Status(Code::kInvalidArgument,
                  "flags " + std::to_string(flags) + " have bits that mean nothing; combine VMO_ constants");
  }
  if (granted_by(flags) == 0) {
    return Status(Code::kInvalidArgument,
                  "flags " + std::to_string(flags) + " grant nothing; add VMO_GRANT_R, _W or _X");
  }
  const Rights kept = held & ~dropped_by(flags);
  if (disowns(flags) && (kept & (kWrite | kExecute)) != 0) {
    return Status(Code::kInvalidArgument, "flags " + std::to_string(flags) + " drop R but keep " + letters(kept) +
                                              ": what cannot be read cannot be used; drop all with VMO_DISOWN");
  }
  const Rights missing = granted_by(flags) & ~held;
  if (missing != 0) {
    return Status(Code::kNotPermitted,
                  "cannot grant " + letters(missing) + ": this region holds " + letters(held) + " only" +
                      (missing & kExecute ? "; X comes from allocate(…, { executable: true })" : ""));
  }
  return Status();
}

}  // namespace vmoffer
