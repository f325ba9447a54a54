// Stands between a process and its disk and clock (LD_PRELOAD). Three things, all steered from outside:
//
// - It notes every change to the files below CHAOS_DIR, in the order in which they were made, together with every
//   successful fsync, in the file CHAOS_JOURNAL. What a loss of power would have left is computed from that (see
//   disk/power-loss.ts). A change is noted before it is made, a sync after it has succeeded: a kill in between can only
//   make the notes know of a change that did not happen, never of a sync that did not.
// - While `full` in CHAOS_CONTROL is 1 every write below CHAOS_DIR fails with ENOSPC; while it is 2 those that make a
//   file longer do.
// - CLOCK_REALTIME is off by `skew` nanoseconds.
//
// Memory-mapped writes are not seen; SQLite makes them in its -shm file only, which is never synced and rebuilt at need.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

struct control {
  volatile int64_t full;
  volatile int64_t skew;
};

// One note: this header, then `path` bytes of names (two of them for a rename, with a NUL between), then `data` bytes.
struct note {
  char kind;  // Made, Write, Length, Sync, Folder synced, Renamed, Unlinked
  char pad[3];
  uint32_t path;
  uint64_t inode;
  int64_t at;
  uint64_t data;
};

static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1;
static struct control *control;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) {
    fprintf(stderr, "shim: libc has no %s\n", name);
    abort();
  }
  return found;
}

static void fail(const char *what) {
  fprintf(stderr, "shim: %s: %s\n", what, strerror(errno));
  abort();
}

__attribute__((constructor)) static void begin(void) {
  const char *dir = getenv("CHAOS_DIR"), *notes = getenv("CHAOS_JOURNAL"), *steering = getenv("CHAOS_CONTROL");
  if (dir == NULL || notes == NULL || steering == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, steering, O_RDWR | O_CLOEXEC);
  if (fd < 0) fail("CHAOS_CONTROL");
  control = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
  if (control == MAP_FAILED) fail("mmap of CHAOS_CONTROL");
  close(fd);
  journal = (int)syscall(SYS_openat, AT_FDCWD, notes, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (journal < 0) fail("CHAOS_JOURNAL");
  folder_length = strlen(dir);
  memcpy(folder, dir, folder_length + 1);
}

static void put(const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    ssize_t done = syscall(SYS_write, journal, at, size);
    if (done < 0) fail("the journal");
    at += done;
    size -= (size_t)done;
  }
}

// Below the lock.
static void write_note(char kind, uint64_t inode, int64_t at, const char *path, size_t path_size, const void *data,
                       size_t size) {
  struct note note = {kind, {0}, (uint32_t)path_size, inode, at, size};
  put(&note, sizeof note);
  put(path, path_size);
  put(data, size);
}

// The path below the folder, or NULL; the folder itself is "".
static const char *below(int at, const char *path, char *buffer) {
  if (journal < 0 || path == NULL) return NULL;
  if (path[0] != '/') {
    char link[64];
    if (at == AT_FDCWD) {
      if (getcwd(buffer, PATH_MAX) == NULL) return NULL;
    } else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", at);
      ssize_t size = readlink(link, buffer, PATH_MAX - 1);
      if (size < 0) return NULL;
      buffer[size] = 0;
    }
    size_t used = strlen(buffer);
    if (used + 1 + strlen(path) >= PATH_MAX) return NULL;
    buffer[used] = '/';
    strcpy(buffer + used + 1, path);
    path = buffer;
  }
  if (strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return "";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

// Whether an open file lies below the folder; its state, and its path if `buffer` is given.
static int is_below(int fd, struct stat *state) {
  char link[64], buffer[PATH_MAX];
  if (journal < 0 || fd == journal) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, buffer, sizeof buffer - 1);
  if (size <= 0 || buffer[0] != '/') return 0;
  buffer[size] = 0;
  if (strncmp(buffer, folder, folder_length) != 0) return 0;
  if (buffer[folder_length] != 0 && buffer[folder_length] != '/') return 0;
  return fstat(fd, state) == 0;
}

static int is_full(const struct stat *state, int64_t end) {
  return control->full == 1 || (control->full == 2 && end > state->st_size);
}

// ---- files ----

static int opened(int at, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *name = (flags & (O_CREAT | O_TRUNC)) ? below(at, path, buffer) : NULL;
  if (name == NULL) return (int)syscall(SYS_openat, at, path, flags, mode);
  pthread_mutex_lock(&order);
  struct stat before, state;
  int is_there = fstatat(at, path, &before, 0) == 0;
  int fd = (int)syscall(SYS_openat, at, path, flags, mode);
  int error = errno;
  if (fd >= 0 && fstat(fd, &state) == 0 && S_ISREG(state.st_mode)) {
    if (!is_there) write_note('M', state.st_ino, 0, name, strlen(name), NULL, 0);
    else if ((flags & O_TRUNC) && before.st_size > 0) write_note('L', state.st_ino, 0, NULL, 0, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  errno = error;
  return fd;
}

#define MODE(flags, mode)                    \
  mode_t mode = 0;                           \
  if ((flags) & (O_CREAT | O_TMPFILE)) {     \
    va_list rest;                            \
    va_start(rest, flags);                   \
    mode = va_arg(rest, mode_t);             \
    va_end(rest);                            \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int at, const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
  MODE(flags, mode)
  return opened(at, path, flags | O_LARGEFILE, mode);
}

// Below the lock. Notes a write, or refuses it.
static int noted(int fd, struct stat *state, const void *bytes, size_t size, int64_t at) {
  if (at < 0) at = (fcntl(fd, F_GETFL) & O_APPEND) ? state->st_size : lseek(fd, 0, SEEK_CUR);
  if (is_full(state, at + (int64_t)size)) {
    errno = ENOSPC;
    return 0;
  }
  write_note('W', state->st_ino, at, NULL, 0, bytes, size);
  return 1;
}

static ssize_t written(ssize_t done, size_t size) {
  // A write cut short would make the notes wrong, and what follows meaningless.
  if (done >= 0 && (size_t)done != size) fail("a write was cut short");
  return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  struct stat state;
  if (!is_below(fd, &state)) return syscall(SYS_write, fd, bytes, size);
  pthread_mutex_lock(&order);
  ssize_t done = fstat(fd, &state) == 0 && noted(fd, &state, bytes, size, -1)
                     ? written(syscall(SYS_write, fd, bytes, size), size)
                     : -1;
  pthread_mutex_unlock(&order);
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  struct stat state;
  if (!is_below(fd, &state)) return syscall(SYS_pwrite64, fd, bytes, size, at);
  pthread_mutex_lock(&order);
  ssize_t done = fstat(fd, &state) == 0 && noted(fd, &state, bytes, size, at)
                     ? written(syscall(SYS_pwrite64, fd, bytes, size, at), size)
                     : -1;
  pthread_mutex_unlock(&order);
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }

// One after the other: for the notes it is the same.
static ssize_t each(int fd, const struct iovec *parts, int count, off64_t at) {
  ssize_t sum = 0;
  for (int i = 0; i < count; i += 1) {
    ssize_t done = at < 0 ? write(fd, parts[i].iov_base, parts[i].iov_len)
                          : pwrite64(fd, parts[i].iov_base, parts[i].iov_len, at + sum);
    if (done < 0) return sum > 0 ? sum : done;
    sum += done;
  }
  return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct stat state;
  return is_below(fd, &state) ? each(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  struct stat state;
  return is_below(fd, &state) ? each(fd, parts, count, at) : REAL(pwritev64)(fd, parts, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off64_t size) {
  struct stat state;
  if (!is_below(fd, &state)) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&order);
  int done = -1;
  if (fstat(fd, &state) == 0 && is_full(&state, size)) errno = ENOSPC;
  else {
    write_note('L', state.st_ino, size, NULL, 0, NULL, 0);
    done = (int)syscall(SYS_ftruncate, fd, size);
  }
  pthread_mutex_unlock(&order);
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int truncate(const char *path, off_t size) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int done = ftruncate(fd, size), error = errno;
  close(fd);
  errno = error;
  return done;
}

// What is reserved and not written reads as zeros, as after a write of them.
int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  struct stat state;
  if (!is_below(fd, &state)) return (int)syscall(SYS_fallocate, fd, mode, at, size);
  errno = EOPNOTSUPP;
  return -1;
}

int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }

int posix_fallocate64(int fd, off64_t at, off64_t size) {
  struct stat state;
  return is_below(fd, &state) ? EOPNOTSUPP : REAL(posix_fallocate64)(fd, at, size);
}

int posix_fallocate(int fd, off_t at, off_t size) { return posix_fallocate64(fd, at, size); }

static int synced(int fd, long number) {
  struct stat state;
  if (!is_below(fd, &state)) return (int)syscall(number, fd);
  pthread_mutex_lock(&order);
  int done = (int)syscall(number, fd), error = errno;
  if (done == 0) write_note(S_ISDIR(state.st_mode) ? 'F' : 'S', state.st_ino, 0, NULL, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

// ---- names ----

int renameat(int from_at, const char *from, int to_at, const char *to) {
  char one[PATH_MAX], other[PATH_MAX], both[2 * PATH_MAX];
  const char *before = below(from_at, from, one), *after = below(to_at, to, other);
  if (before == NULL && after == NULL) return (int)syscall(SYS_renameat2, from_at, from, to_at, to, 0);
  if (before == NULL || after == NULL) {
    errno = EXDEV;
    return -1;
  }
  size_t size = strlen(before) + 1 + strlen(after);
  snprintf(both, sizeof both, "%s%c%s", before, 0, after);
  memcpy(both, before, strlen(before) + 1);
  memcpy(both + strlen(before) + 1, after, strlen(after));
  pthread_mutex_lock(&order);
  struct stat state;
  int done = -1;
  if (fstatat(from_at, from, &state, 0) == 0) {
    write_note('R', state.st_ino, 0, both, size, NULL, 0);
    done = (int)syscall(SYS_renameat2, from_at, from, to_at, to, 0);
  }
  pthread_mutex_unlock(&order);
  return done;
}

int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int at, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *name = below(at, path, buffer);
  struct stat state;
  if (name == NULL || (flags & AT_REMOVEDIR)) return (int)syscall(SYS_unlinkat, at, path, flags);
  pthread_mutex_lock(&order);
  int done = -1;
  if (fstatat(at, path, &state, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISDIR(state.st_mode)) write_note('U', state.st_ino, 0, name, strlen(name), NULL, 0);
    done = (int)syscall(SYS_unlinkat, at, path, flags);
  }
  pthread_mutex_unlock(&order);
  return done;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int remove(const char *path) {
  int done = unlinkat(AT_FDCWD, path, 0);
  return done < 0 && errno == EISDIR ? rmdir(path) : done;
}

// ---- the wall clock ----

static int64_t skew(void) { return control == NULL ? 0 : control->skew; }

int clock_gettime(clockid_t clock, struct timespec *time) {
  int done = (int)syscall(SYS_clock_gettime, clock, time);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t now = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + skew();
    time->tv_sec = now / 1000000000;
    time->tv_nsec = now % 1000000000;
  }
  return done;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *to) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != NULL) *to = now.tv_sec;
  return now.tv_sec;
}
