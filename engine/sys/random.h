// random: unpredictable numbers. Any thread.
#pragma once

#include <cstdint>

#include "engine/base/status.h"

namespace vmoffer {

Result<uint32_t> random_number();

}  // namespace vmoffer
