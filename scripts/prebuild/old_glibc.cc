// Functions that the oldest supported glibc does not have under any name. They are linked into prebuilds/ only, hidden,
// and replace those of the newer glibc.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VMO_HERE __attribute__((visibility("hidden")))

extern "C" {

// glibc 2.32. libstdc++ asks whether it may count references without atomic instructions. It may not.
extern VMO_HERE char __libc_single_threaded;
char __libc_single_threaded = 0;

// glibc 2.33; inline functions before that. On 64-bit machines glibc's struct is the kernel's.
VMO_HERE int stat(const char* path, struct stat* attributes) {
  return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, attributes, 0));
}
VMO_HERE int fstat(int fd, struct stat* attributes) { return static_cast<int>(::syscall(SYS_fstat, fd, attributes)); }

// glibc 2.35. The unwinder asks for a function's unwind table. The addon catches nothing, so an exception of libstdc++
// (no memory) ends the process with or without tables.
VMO_HERE int _dl_find_object(void*, void*) { return -1; }
}
