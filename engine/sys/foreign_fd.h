// ForeignFd: owns a descriptor that another process made, or a socket in whose queue another process may have put
// descriptors; -1 if it owns none. Move only.
//
// Closing such a descriptor may take as long as its maker likes: a TCP socket with SO_LINGER waits for its peer, a file
// of FUSE waits for its server, and a unix socket closes the descriptors in its queue. So a thread that has nothing
// else to do ('vmo-closer') closes it, unless it is known to be harmless.
#pragma once

#include <cstddef>
#include <utility>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class ForeignFd {
 public:
  ForeignFd() = default;
  // Takes ownership.
  explicit ForeignFd(int fd) : fd_(fd) {}
  // For a descriptor whose close cannot block.
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
  // REQUIRES: the caller has verified what the descriptor is, and that closing it cannot block.
  void set_harmless() { is_harmless_ = true; }
  // Returns owned. REQUIRES: the same.
  [[nodiscard]] UniqueFd take_verified();
  void reset();

 private:
  int fd_ = -1;
  bool is_harmless_ = false;
};

// Another descriptor of the same file, whose close is as harmless as the first one's.
Result<ForeignFd> duplicate(const ForeignFd& fd);

// How many descriptors wait to be closed. More than none for long means that all closing threads are held up. Any
// thread.
size_t waiting_to_be_closed();

}  // namespace vmoffer
