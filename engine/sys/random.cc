#include "engine/sys/random.h"

#include <sys/random.h>

#include "engine/sys/call.h"

namespace vmoffer {

Result<uint32_t> random_number() {
  uint32_t number = 0;
  // The kernel never returns fewer bytes of so few.
  const ssize_t got = retry_on_eintr([&] { return ::getrandom(&number, sizeof number, 0); });
  if (got < 0) return os_error(errno, "getrandom", "could not get a random number");
  return number;
}

}  // namespace vmoffer
