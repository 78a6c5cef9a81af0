// What the hosts use of libuv, over a loop that a case turns by hand: so they run without Node, under the sanitizers.
// Like libuv, the loop holds no more than pointers to handles, until their close callbacks have been called.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

constexpr int UV_READABLE = 1;

struct uv_handle_t;

struct uv_loop_t {
  // Calls what is due, then the close callbacks. False when no handle is left.
  bool turn();
  std::vector<uv_handle_t*> handles;
};

using uv_close_cb = void (*)(uv_handle_t*);

struct uv_handle_t {
  void* data;
  void (*due)(uv_handle_t*);  // calls the handle's callback, if it is time
  uv_close_cb closed;
  uv_loop_t* loop;
  bool active;
  bool closing;
};

struct uv_async_t : uv_handle_t {
  void (*callback)(uv_async_t*);
  std::atomic<bool> sent;
};

struct uv_idle_t : uv_handle_t {
  void (*callback)(uv_idle_t*);
};

struct uv_poll_t : uv_handle_t {
  void (*callback)(uv_poll_t*, int status, int events);
};

// Never due: no case waits for a deadline.
struct uv_timer_t : uv_handle_t {
  void (*callback)(uv_timer_t*);
};

int uv_async_init(uv_loop_t* loop, uv_async_t* handle, void (*callback)(uv_async_t*));
int uv_async_send(uv_async_t* handle);  // on any thread
int uv_idle_init(uv_loop_t* loop, uv_idle_t* handle);
int uv_idle_start(uv_idle_t* handle, void (*callback)(uv_idle_t*));
int uv_idle_stop(uv_idle_t* handle);
int uv_poll_init(uv_loop_t* loop, uv_poll_t* handle, int descriptor);
int uv_poll_start(uv_poll_t* handle, int events, void (*callback)(uv_poll_t*, int, int));
int uv_timer_init(uv_loop_t* loop, uv_timer_t* handle);
int uv_timer_start(uv_timer_t* handle, void (*callback)(uv_timer_t*), uint64_t timeout, uint64_t repeat);
int uv_timer_stop(uv_timer_t* handle);
int uv_is_active(const uv_handle_t* handle);
void uv_ref(uv_handle_t* handle);
void uv_unref(uv_handle_t* handle);
void uv_close(uv_handle_t* handle, uv_close_cb closed);
