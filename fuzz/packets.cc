#include "fuzz/packets.h"

#include <algorithm>
#include <random>

#include "engine/wire/messages.h"
#include "fuzz/target.h"

namespace vmoffer::fuzz {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kTypeAt = 6;
constexpr size_t kLengthAt = 8;
constexpr size_t kLongestPiece = 200;
constexpr uint64_t kValues[] = {0,    1,    2,      3,      40,         41,         64,         65,    100,
                                101,  127,  128,    255,    256,        399,        400,        401,   4095,
                                4096, 4097, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, ~0ULL, 1ULL << 63};

class Mutation {
 public:
  Mutation(std::vector<uint8_t>& packet, uint32_t seed) : packet_(packet), random_(seed) {}

  void run() {
    for (uint64_t times = 1 + below(4); times > 0; --times) change();
    if (packet_.size() < kHeaderBytes && below(4) != 0) packet_.resize(kHeaderBytes);
    if (packet_.size() < kHeaderBytes) return;
    if (below(8) != 0) put(0, wire::kMagic, 4);
    if (below(8) != 0) put(4, wire::kVersion, 2);
    if (below(8) != 0) put(kLengthAt, packet_.size() - kHeaderBytes, 4);
  }

 private:
  uint64_t below(uint64_t end) { return random_() % end; }
  size_t anywhere() { return below(packet_.size() + 1); }
  uint64_t value() {
    return below(3) == 0 ? (static_cast<uint64_t>(random_()) << 32) + random_() : kValues[below(std::size(kValues))];
  }

  void put(size_t at, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes && at + i < packet_.size(); ++i)
      packet_[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }

  void change() {
    switch (below(8)) {
      case 0:
        return put(kTypeAt, below(24), 2);
      case 1:
        // Where the first count is.
        return put(kHeaderBytes, value(), size_t{1} << below(3));
      case 2:
      case 3:
        return put(anywhere(), value(), size_t{1} << below(4));
      case 4:
        if (!packet_.empty()) packet_[below(packet_.size())] ^= static_cast<uint8_t>(1U << below(8));
        return;
      case 5:
        return insert(std::vector<uint8_t>(below(kLongestPiece), static_cast<uint8_t>(below(256))));
      case 6:
        return insert(piece());
      default:
        return erase();
    }
  }

  std::vector<uint8_t> piece() {
    const size_t from = anywhere();
    const size_t length = std::min<size_t>(below(kLongestPiece), packet_.size() - from);
    const auto begin = packet_.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(length)};
  }

  void insert(const std::vector<uint8_t>& bytes) {
    const auto at = packet_.begin() + static_cast<std::ptrdiff_t>(anywhere());
    packet_.insert(at, bytes.begin(), bytes.end());
  }

  void erase() {
    const size_t from = anywhere();
    const size_t length = std::min<size_t>(below(kLongestPiece), packet_.size() - from);
    const auto begin = packet_.begin() + static_cast<std::ptrdiff_t>(from);
    packet_.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
  }

  std::vector<uint8_t>& packet_;
  std::minstd_rand random_;
};

}  // namespace

void mutate_packet(std::vector<uint8_t>& packet, uint32_t seed) { Mutation(packet, seed).run(); }

}  // namespace vmoffer::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  std::vector<uint8_t> packet(data, data + size);
  vmoffer::fuzz::mutate_packet(packet, seed);
  const size_t length = std::min(packet.size(), max_size);
  std::copy_n(packet.begin(), length, data);
  return length;
}
