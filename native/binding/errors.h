// The numbers of errors, as JavaScript has them: libuv's. On POSIX those are the negative ones of <errno.h>, on Windows
// they are numbers of its own.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cerrno>
#include <cstdint>

namespace brink::binding {

#if defined(_WIN32)
inline int64_t number_of(int64_t error) {
  switch (-error) {
    case EACCES:
      return UV_EACCES;
    case EADDRINUSE:
      return UV_EADDRINUSE;
    case EADDRNOTAVAIL:
      return UV_EADDRNOTAVAIL;
    case EAFNOSUPPORT:
      return UV_EAFNOSUPPORT;
    case EAGAIN:
      return UV_EAGAIN;
    case EBADF:
      return UV_EBADF;
    case ECONNABORTED:
      return UV_ECONNABORTED;
    case ECONNRESET:
      return UV_ECONNRESET;
    case EINVAL:
      return UV_EINVAL;
    case EIO:
      return UV_EIO;
    case EISDIR:
      return UV_EISDIR;
    case EMFILE:
      return UV_EMFILE;
    case ENAMETOOLONG:
      return UV_ENAMETOOLONG;
    case ENFILE:
      return UV_ENFILE;
    case ENOBUFS:
      return UV_ENOBUFS;
    case ENOENT:
      return UV_ENOENT;
    case ENOMEM:
      return UV_ENOMEM;
    case ENOSPC:
      return UV_ENOSPC;
    case ENOTCONN:
      return UV_ENOTCONN;
    case ENOTDIR:
      return UV_ENOTDIR;
    case ENOTSUP:
      return UV_ENOTSUP;
    case ENXIO:
      return UV_ENXIO;
    case EPERM:
      return UV_EPERM;
    case EPIPE:
      return UV_EPIPE;
    case EXDEV:
      return UV_EXDEV;
    default:
      return error;
  }
}
#else
inline int64_t number_of(int64_t error) { return error; }
#endif

inline Napi::Number errno_of(Napi::Env env, int64_t error) {
  return Napi::Number::New(env, static_cast<double>(number_of(error)));
}

}  // namespace brink::binding
