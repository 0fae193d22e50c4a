// ForeignFd: owns a descriptor that somebody else made, or into which somebody else may have put descriptors of his
// own; -1 when it owns none. Move only.
//
// Closing such a descriptor may take as long as its maker likes: a TCP socket with SO_LINGER waits for its peer, a file
// of FUSE for its server, and a unix socket closes the descriptors that wait in it. So it is closed by a thread that
// has nothing else to do ('vmo-closer'), unless it is known to be harmless.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/sys/unique_fd.h"

namespace vmoffer {

class ForeignFd {
 public:
  ForeignFd() = default;
  // Takes ownership.
  explicit ForeignFd(int fd) : fd_(fd) {}
  // Of a descriptor whose close cannot block.
  static ForeignFd harmless(UniqueFd fd);
  ~ForeignFd() { reset(); }
  ForeignFd(ForeignFd&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), is_harmless_(std::exchange(other.is_harmless_, false)) {}
  ForeignFd& operator=(ForeignFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
      is_harmless_ = std::exchange(other.is_harmless_, false);
    }
    return *this;
  }
  ForeignFd(const ForeignFd&) = delete;
  ForeignFd& operator=(const ForeignFd&) = delete;

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  bool is_harmless() const { return is_harmless_; }
  // REQUIRES: what it is has been verified, and closing that cannot block.
  void set_harmless() { is_harmless_ = true; }
  // Returns owned. REQUIRES: the same.
  [[nodiscard]] UniqueFd take_verified();
  void reset();

 private:
  int fd_ = -1;
  bool is_harmless_ = false;
};

// How many descriptors wait for a thread that closes them: none, unless all these threads are held up. Any thread.
size_t waiting_to_be_closed();

}  // namespace vmoffer
