// What goes wrong below the processes of a product under test: loaded into them by LD_PRELOAD, steered by a small file that the
// harness writes and this maps (STRONGROOM_FAULTS names it). Nothing of it is in the product, and without the file it does nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// As test/chaos/fault-control.ts writes it.
struct control {
  int32_t target;       // the only process that is meant; 0: each that has this file
  int32_t sync_delay;   // milliseconds
  int32_t sync_error;   // errno of fsync and fdatasync
  int32_t write_error;  // errno of writing to a file
  int32_t torn;         // of a write that fails whole sectors, about half, get through
  int32_t change_error; // errno of opening a file to change it
  int32_t open_error;   // errno of whatever makes a descriptor
  int32_t pipe;         // what a process says to others: 1 becomes garbage, 2 is lost
  int64_t clock;        // seconds that the calendar is ahead
  uint32_t bites;       // how often anything of this happened, but for the clock
  uint32_t clock_bites; // how often a calendar was read that is wrong
  int64_t passed;       // seconds that went by on every clock, those of timers too
};

static struct control none;
static struct control *control = &none;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("STRONGROOM_FAULTS");
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = path == NULL ? -1 : real(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) control = mapped;
}

// Whether this process has the fault; counts it.
static int has(int32_t fault) {
  if (fault == 0 || (control->target != 0 && control->target != getpid())) return 0;
  __atomic_fetch_add(&control->bites, 1, __ATOMIC_RELAXED);
  return 1;
}

static int is_file(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static int is_talk(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

// The function that ours stands before.
#define REAL(name) find_##name()
#define KEEP(name) \
  static __typeof__(name) *find_##name(void) { \
    static void *found; \
    if (found == NULL) found = dlsym(RTLD_NEXT, #name); \
    return (__typeof__(name) *)found; \
  }

KEEP(fsync);
KEEP(fdatasync);
static int sync_with(int (*real)(int), int fd) {
  if (has(control->sync_delay)) usleep((useconds_t)control->sync_delay * 1000);
  int32_t error = control->sync_error;
  if (has(error)) return errno = error, -1;
  return real(fd);
}
int fsync(int fd) { return sync_with(REAL(fsync), fd); }
int fdatasync(int fd) { return sync_with(REAL(fdatasync), fd); }

// Disks write sectors whole: nothing cuts a write inside of one.
#define SECTOR 512
// How many bytes of a write at this offset may get through: all of them, or some, or with -1 none and errno says why.
static ssize_t allowed(int fd, size_t length, off64_t at) {
  int32_t error = control->write_error;
  if (error == 0 || !is_file(fd) || !has(error)) return (ssize_t)length;
  off64_t cut = (at + (off64_t)length / 2) / SECTOR * SECTOR;
  if (control->torn != 0 && cut > at) return (ssize_t)(cut - at);
  errno = error;
  return -1;
}

// The first bytes of several pieces, as one.
static unsigned char *first_of(const struct iovec *parts, size_t length) {
  unsigned char *whole = malloc(length);
  for (size_t at = 0, i = 0; whole != NULL && at < length; i++) {
    size_t left = length - at;
    size_t some = parts[i].iov_len < left ? parts[i].iov_len : left;
    memcpy(whole + at, parts[i].iov_base, some);
    at += some;
  }
  return whole;
}

KEEP(write);
// What goes to another process instead of this: its length, or -2 for what it is.
static ssize_t said(int fd, size_t length) {
  int32_t pipe = control->pipe;
  if (pipe == 0 || length == 0 || !is_talk(fd) || !has(pipe)) return -2;
  if (pipe == 2) return (ssize_t)length;
  unsigned char *garbage = malloc(length);
  if (garbage == NULL) return -2;
  uint32_t state = (uint32_t)length * 2654435761u + (uint32_t)control->bites + 1;
  for (size_t i = 0; i < length; i++) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    garbage[i] = (unsigned char)state;
  }
  ssize_t written = REAL(write)(fd, garbage, length);
  free(garbage);
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t talk = said(fd, length);
  if (talk != -2) return talk;
  ssize_t some = allowed(fd, length, lseek(fd, 0, SEEK_CUR));
  return some < 0 ? -1 : REAL(write)(fd, bytes, (size_t)some);
}

static size_t length_of(const struct iovec *parts, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  return length;
}

KEEP(writev);
ssize_t writev(int fd, const struct iovec *parts, int count) {
  ssize_t talk = said(fd, length_of(parts, count));
  if (talk != -2) return talk;
  ssize_t some = allowed(fd, length_of(parts, count), lseek(fd, 0, SEEK_CUR));
  if (some < 0) return -1;
  if ((size_t)some == length_of(parts, count)) return REAL(writev)(fd, parts, count);
  unsigned char *whole = first_of(parts, (size_t)some);
  ssize_t written = whole == NULL ? -1 : REAL(write)(fd, whole, (size_t)some);
  free(whole);
  return written;
}

KEEP(pwrite64);
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  ssize_t some = allowed(fd, length, at);
  return some < 0 ? -1 : REAL(pwrite64)(fd, bytes, (size_t)some, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

KEEP(pwritev64);
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  ssize_t some = allowed(fd, length_of(parts, count), at);
  if (some < 0) return -1;
  if ((size_t)some == length_of(parts, count)) return REAL(pwritev64)(fd, parts, count, at);
  unsigned char *whole = first_of(parts, (size_t)some);
  ssize_t written = whole == NULL ? -1 : REAL(pwrite64)(fd, whole, (size_t)some, at);
  free(whole);
  return written;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

KEEP(ftruncate64);
int ftruncate64(int fd, off64_t length) {
  int32_t error = control->write_error;
  if (has(error)) return errno = error, -1;
  return REAL(ftruncate64)(fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

// @returns whether a descriptor is refused
static int refuses(int flags, int makes_file) {
  int32_t error = control->open_error;
  if (has(error)) return errno = error, 1;
  error = control->change_error;
  if (makes_file && (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && has(error)) return errno = error, 1;
  return 0;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  }

KEEP(open64);
int open64(const char *path, int flags, ...) {
  MODE(flags)
  return refuses(flags, 1) ? -1 : REAL(open64)(path, flags, mode);
}
int open(const char *path, int flags, ...) {
  MODE(flags)
  return refuses(flags, 1) ? -1 : REAL(open64)(path, flags, mode);
}
KEEP(openat64);
int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags)
  return refuses(flags, 1) ? -1 : REAL(openat64)(folder, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
  MODE(flags)
  return refuses(flags, 1) ? -1 : REAL(openat64)(folder, path, flags, mode);
}
KEEP(socket);
int socket(int domain, int type, int protocol) { return refuses(0, 0) ? -1 : REAL(socket)(domain, type, protocol); }
KEEP(accept4);
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return refuses(0, 0) ? -1 : REAL(accept4)(fd, address, length, flags);
}
KEEP(pipe2);
int pipe2(int ends[2], int flags) { return refuses(0, 0) ? -1 : REAL(pipe2)(ends, flags); }
KEEP(rename);
int rename(const char *from, const char *to) {
  int32_t error = control->change_error;
  if (has(error)) return errno = error, -1;
  return REAL(rename)(from, to);
}
KEEP(unlink);
int unlink(const char *path) {
  int32_t error = control->change_error;
  if (has(error)) return errno = error, -1;
  return REAL(unlink)(path);
}

static int64_t ahead(void) {
  if (control->clock == 0 || (control->target != 0 && control->target != getpid())) return 0;
  __atomic_fetch_add(&control->clock_bites, 1, __ATOMIC_RELAXED);
  return control->clock;
}
static int64_t passed(void) { return __atomic_load_n(&control->passed, __ATOMIC_RELAXED); }

KEEP(clock_gettime);
int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = REAL(clock_gettime)(clock, now);
  if (result != 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID) return result;
  now->tv_sec += passed();
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += ahead();
  return result;
}
KEEP(gettimeofday);
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int result = REAL(gettimeofday)(now, zone);
  if (result == 0) now->tv_sec += passed() + ahead();
  return result;
}
time_t time(time_t *now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != NULL) *now = precise.tv_sec;
  return precise.tv_sec;
}

// Who waits until a time says it by a clock of ours, and the system waits by its own.
static struct timespec of_system(const struct timespec *until) {
  return (struct timespec){.tv_sec = until->tv_sec - passed(), .tv_nsec = until->tv_nsec};
}
KEEP(pthread_cond_timedwait);
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  struct timespec real = of_system(until);
  return REAL(pthread_cond_timedwait)(condition, mutex, &real);
}
KEEP(pthread_cond_clockwait);
int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict until) {
  struct timespec real = of_system(until);
  return REAL(pthread_cond_clockwait)(condition, mutex, clock, &real);
}

// An event loop that sleeps until its next timer looks whether time has gone by meanwhile.
#define LOOK_MS 50
KEEP(epoll_pwait);
int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout, const sigset_t *signals) {
  int64_t before = passed();
  for (int left = timeout;;) {
    int wait = before == 0 || left < LOOK_MS ? left : LOOK_MS;
    int found = REAL(epoll_pwait)(fd, events, most, wait, signals);
    left -= wait;
    if (found != 0 || timeout < 0 || left <= 0 || passed() != before) return found;
  }
}
