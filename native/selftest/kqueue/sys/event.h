// The interface of kqueue(2) where there is none: the poller is compiled with this header, and linked with one of the
// kqueues of the tests. Names and meanings are those of macOS.
#pragma once

#include <cstdint>
#include <ctime>

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

inline constexpr int16_t EVFILT_READ = -1;
inline constexpr int16_t EVFILT_WRITE = -2;

inline constexpr uint16_t EV_ADD = 0x0001;
inline constexpr uint16_t EV_DELETE = 0x0002;
inline constexpr uint16_t EV_ENABLE = 0x0004;
inline constexpr uint16_t EV_DISABLE = 0x0008;
inline constexpr uint16_t EV_CLEAR = 0x0020;
#define EV_OOBAND 0x2000
inline constexpr uint16_t EV_ERROR = 0x4000;
inline constexpr uint16_t EV_EOF = 0x8000;

int kqueue();
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const timespec* timeout);
