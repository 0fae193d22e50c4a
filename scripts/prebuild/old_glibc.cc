// What a release binary takes from here, because the glibc that it may meet has it under no name: linked into
// prebuilds/ alone, hidden, in the place of the newer glibc's.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VMO_HERE __attribute__((visibility("hidden")))

extern "C" {

// glibc 2.32. libstdc++ asks whether it may count references without atomic instructions: never.
extern VMO_HERE char __libc_single_threaded;
char __libc_single_threaded = 0;

// glibc 2.33; inline functions before that. The kernel's struct is glibc's on 64-bit machines.
VMO_HERE int stat(const char* path, struct stat* attributes) {
  return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, attributes, 0));
}
VMO_HERE int fstat(int fd, struct stat* attributes) { return static_cast<int>(::syscall(SYS_fstat, fd, attributes)); }

// glibc 2.35. The unwinder asks where a function's unwind table is. Nothing is caught in here, so that an exception of
// libstdc++ (no memory) ends the process, as it does when there are tables.
VMO_HERE int _dl_find_object(void*, void*) { return -1; }
}
