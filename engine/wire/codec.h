// codec: messages to bytes and back. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/status.h"
#include "engine/wire/messages.h"

namespace vmoffer::wire {

std::vector<uint8_t> encode(const Message& message);

// kProtocol, with the reason, for anything that is not exactly one well-formed message of this version.
Result<Message> decode(const std::vector<uint8_t>& bytes);

}  // namespace vmoffer::wire
